/* The HTTP server itself, over real sockets: methods, headers, bounds. */
#include "tests/unit/fixture/api.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/system/clock.h"
#include "collector/api/openapi_text.h"
#include "collector/http/http.h"
#include "collector/http/stream.h"

enum { ANSWER_BYTES = 1 << 20, ANSWER_WAIT_MS = 5000 };

struct server {
    struct api *api;
    struct psp_view_slot views;
    struct psp_page *page;
    struct psp_http *http, *local;
    char directory[64];
    struct psp_reason reason;
    char answer[ANSWER_BYTES]; /* headers and body of the last one */
    size_t length;
};

static void start(struct server *server, bool local, struct psp_http **ret_http)
{
    const struct psp_http_options options = {
        .address = "127.0.0.1:0",
        .local = local,
        .site = &server->api->site,
        .views = &server->views,
        .page = server->page,
    };
    assert_int_equal(psp_http_start(&options, ret_http, &server->reason), PSP_OK);
}

static int set_up(void **context)
{
    struct server *server = calloc(1, sizeof *server);
    char path[128];
    void *api = NULL;
    api_set_up(&api);
    server->api = api;
    for (uint32_t s = 0; s < FIXTURE_SHARDS; s++) /* the server reads the clock */
        server->api->freshness.fresh_ms[s] = psp_clock_ms();
    server->api->freshness.stale_ms = 3600000;
    psp_view_slot_init(&server->views);
    atomic_fetch_add(&server->api->view->references, 1);
    psp_view_slot_put(&server->views, server->api->view, psp_clock_ms());
    snprintf(server->directory, sizeof server->directory, "%s", "/tmp/psp-http-XXXXXX");
    assert_non_null(mkdtemp(server->directory));
    snprintf(path, sizeof path, "%s/app.js", server->directory);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 100; i++)
        fputs("console.log('psephos');\n", file);
    fclose(file);
    assert_int_equal(psp_page_load(server->directory, &server->page), PSP_OK);
    start(server, false, &server->http);
    start(server, true, &server->local);
    *context = server;
    return 0;
}

static int tear_down(void **context)
{
    struct server *server = *context;
    char path[128];
    psp_http_stop(&server->http);
    psp_http_stop(&server->local);
    psp_page_destroy(&server->page);
    snprintf(path, sizeof path, "%s/app.js", server->directory);
    unlink(path);
    rmdir(server->directory);
    psp_view_slot_clear(&server->views);
    void *api = server->api;
    api_tear_down(&api);
    free(server);
    return 0;
}

static int connect_to(const struct psp_http *http)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(psp_http_port(http)),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void send_text(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Reads until the other side closes; false: it did not within `wait_ms`. */
static bool read_all(struct server *server, int fd, int wait_ms)
{
    const uint64_t end_ms = psp_clock_ms() + (uint64_t)wait_ms;
    server->length = 0;
    for (;;) {
        struct pollfd poller = {.fd = fd, .events = POLLIN};
        const uint64_t now_ms = psp_clock_ms();
        if (now_ms >= end_ms || poll(&poller, 1, (int)(end_ms - now_ms)) <= 0)
            return false;
        const ssize_t n =
            recv(fd, server->answer + server->length, ANSWER_BYTES - 1 - server->length, 0);
        if (n <= 0)
            break;
        server->length += (size_t)n;
    }
    server->answer[server->length] = 0;
    return true;
}

/* One request on a connection of its own; returns the status. */
static int ask(struct server *server, const struct psp_http *http, const char *method,
               const char *path, const char *headers)
{
    char request[2048];
    const int fd = connect_to(http);
    snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n",
             method, path, headers);
    send_text(fd, request);
    const bool closed = read_all(server, fd, ANSWER_WAIT_MS);
    close(fd);
    assert_true(closed);
    int status = 0;
    assert_int_equal(sscanf(server->answer, "HTTP/1.1 %d", &status), 1);
    return status;
}

static const char *body_of(const struct server *server)
{
    const char *end = strstr(server->answer, "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

/* The value of a header, "" when there is none. */
static const char *header_of(const struct server *server, const char *name)
{
    static char value[512];
    char needle[64];
    snprintf(needle, sizeof needle, "\r\n%s: ", name);
    const char *found = strstr(server->answer, needle);
    value[0] = 0;
    if (found && found < body_of(server))
        snprintf(value, sizeof value, "%.*s", (int)strcspn(found + strlen(needle), "\r"),
                 found + strlen(needle));
    return value;
}

static void a_get_is_answered_with_all_its_headers(void **context)
{
    struct server *server = *context;
    assert_int_equal(ask(server, server->http, "GET", "/api/v1/results?contest=bridge", ""), 200);
    assert_string_equal(header_of(server, "Content-Type"), "application/json");
    assert_string_equal(header_of(server, "Access-Control-Allow-Origin"), "*");
    assert_string_equal(header_of(server, "X-Content-Type-Options"), "nosniff");
    assert_string_equal(header_of(server, "Cache-Control"), "no-cache");
    assert_string_equal(header_of(server, "X-Psephos-Mode"), "live");
    assert_string_equal(header_of(server, "X-Psephos-Publication"), "immediate");
    assert_string_equal(header_of(server, "Vary"), "Accept, Accept-Encoding");
    assert_int_equal(strlen(header_of(server, "ETag")), 34);
    assert_non_null(strstr(body_of(server), "\"choice\":\"yes\",\"votes\":4"));
}

static void every_answer_of_a_test_says_so_in_a_header(void **context)
{
    static const char *const paths[] = {"/api/v1/results", "/api/v1/results.csv",
                                        "/api/v1/nothing", "/api/v1/election/definition",
                                        "/healthz",        "/nothing"};
    struct server *server = *context;
    server->api->cluster.mode = PSP_MODE_TEST;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        ask(server, server->http, "GET", paths[i], "");
        assert_string_equal(header_of(server, "X-Psephos-Mode"), "test");
    }
}

static void publish_tag(struct server *server, uint64_t tag)
{
    struct psp_view *view;
    assert_int_equal(
        psp_view_create(server->api->board, server->api->catalog, &server->api->key, &view),
        PSP_OK);
    view->check = tag;
    snprintf(view->id, sizeof view->id, "%016llx", (unsigned long long)tag);
    psp_view_slot_put(&server->views, view, psp_clock_ms());
    psp_http_publish(server->http, psp_clock_ms());
}

static void a_csv_says_its_version_and_so_do_all_others(void **context)
{
    static const char *const methods[] = {"GET", "HEAD"};
    struct server *server = *context;
    char url[160], newest[64], header[96];
    for (int i = 0; i < 2; i++) {
        ask(server, server->http, methods[i], "/api/v1/results.csv", "");
        snprintf(newest, sizeof newest, "%s", header_of(server, "Psephos-Version"));
        assert_string_equal(newest, server->api->view->id);
        assert_non_null(
            strstr(header_of(server, "Access-Control-Expose-Headers"), "Psephos-Version"));
    }
    snprintf(header, sizeof header, "If-None-Match: %s\r\n", header_of(server, "ETag"));
    assert_int_equal(ask(server, server->http, "GET", "/api/v1/results.csv", header), 304);
    assert_string_equal(header_of(server, "Psephos-Version"), newest);
    assert_int_equal(ask(server, server->http, "GET", "/api/v1/nothing", ""), 404);
    assert_string_equal(header_of(server, "Psephos-Version"), "");

    publish_tag(server, 0x22);
    snprintf(url, sizeof url, "/api/v1/results.csv?version=%s", newest);
    assert_int_equal(ask(server, server->http, "GET", url, ""), 200);
    assert_string_equal(header_of(server, "Psephos-Version"), newest);
    publish_tag(server, 0x23);
    psp_view_slot_expire(&server->views, psp_clock_ms() + PSP_VIEWS_KEPT_MS + 1);
    assert_int_equal(ask(server, server->http, "GET", url, ""), 410);
    assert_string_equal(header_of(server, "Psephos-Version"), "");
    assert_string_equal(header_of(server, "Content-Type"), "application/problem+json");
}

/* What is left out of a file must be told beside it. */
static void a_csv_says_how_many_results_are_held(void **context)
{
    struct server *server = *context;
    ask(server, server->http, "GET", "/api/v1/results.csv?level=leaf", "");
    assert_string_equal(header_of(server, "Psephos-Held"), ""); /* nothing can be */
    uint64_t reports[8] = {0};                                  /* no row was ever reported */
    struct psp_view *view = server->api->view;
    assert_int_equal(view->totals.row_count, 8);
    view->row_reports = reports;
    view->publication = server->api->definition->publication = PSP_PUBLICATION_REPORTS;
    ask(server, server->http, "GET", "/api/v1/results.csv?level=leaf", "");
    assert_string_equal(header_of(server, "Psephos-Held"), "6");
    assert_string_equal(header_of(server, "X-Psephos-Publication"), "reports");
    ask(server, server->http, "GET", "/api/v1/results.csv?sort=ballots", "");
    assert_string_equal(header_of(server, "Psephos-Held"), ""); /* a problem is no file */
    view->row_reports = NULL;
}

static void a_head_is_a_get_without_a_body(void **context)
{
    struct server *server = *context;
    ask(server, server->http, "GET", "/api/v1/election", "");
    char length[32];
    snprintf(length, sizeof length, "%s", header_of(server, "Content-Length"));
    assert_int_equal(ask(server, server->http, "HEAD", "/api/v1/election", ""), 200);
    assert_string_equal(header_of(server, "Content-Length"), length);
    assert_string_equal(body_of(server), "");
}

static void options_tell_what_is_allowed(void **context)
{
    struct server *server = *context;
    assert_int_equal(ask(server, server->http, "OPTIONS", "/api/v1/results",
                         "Origin: http://x\r\nAccess-Control-Request-Method: GET\r\n"),
                     204);
    assert_string_equal(header_of(server, "Allow"), "GET, HEAD, OPTIONS");
    assert_string_equal(header_of(server, "Access-Control-Allow-Methods"), "GET, HEAD, OPTIONS");
    assert_string_equal(header_of(server, "Access-Control-Allow-Origin"), "*");
}

static void nothing_can_be_written(void **context)
{
    struct server *server = *context;
    static const char *const methods[] = {"POST", "PUT", "DELETE", "PATCH", "BREW"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        assert_int_equal(
            ask(server, server->http, methods[i], "/api/v1/results", "Content-Length: 0\r\n"), 405);
        assert_string_equal(header_of(server, "Allow"), "GET, HEAD, OPTIONS");
        assert_string_equal(header_of(server, "Content-Type"), "application/problem+json");
    }
}

static void the_same_version_is_304(void **context)
{
    struct server *server = *context;
    char header[128];
    ask(server, server->http, "GET", "/api/v1/results", "");
    snprintf(header, sizeof header, "If-None-Match: %s\r\n", header_of(server, "ETag"));
    assert_int_equal(ask(server, server->http, "GET", "/api/v1/results", header), 304);
    assert_string_equal(body_of(server), "");
    assert_int_equal(strncmp(header + 15, header_of(server, "ETag"), 34), 0);
    assert_int_equal(ask(server, server->http, "GET", "/api/v1/accounting", header), 200);
}

/* Unpacks the last answer's body; returns its length. */
static size_t unpack(const struct server *server, char *ret_text, size_t size)
{
    const char *body = body_of(server);
    z_stream stream = {0};
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)body;
    stream.avail_in = (uInt)(server->length - (size_t)(body - server->answer));
    stream.next_out = (Bytef *)ret_text;
    stream.avail_out = (uInt)size - 1;
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    inflateEnd(&stream);
    ret_text[stream.total_out] = 0;
    return stream.total_out;
}

static void bodies_are_packed_for_who_takes_it(void **context)
{
    struct server *server = *context;
    static char text[ANSWER_BYTES];
    static const char *const paths[] = {"/api/v1/results?level=leaf", "/openapi.json",
                                        "/api/v1/election/definition", "/app.js"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char plain_etag[64];
        assert_int_equal(ask(server, server->http, "GET", paths[i], ""), 200);
        assert_string_equal(header_of(server, "Content-Encoding"), "");
        snprintf(plain_etag, sizeof plain_etag, "%s", header_of(server, "ETag"));
        char *plain = strdup(body_of(server));
        assert_int_equal(
            ask(server, server->http, "GET", paths[i], "Accept-Encoding: gzip, br\r\n"), 200);
        assert_string_equal(header_of(server, "Content-Encoding"), "gzip");
        assert_string_not_equal(header_of(server, "ETag"), plain_etag);
        unpack(server, text, sizeof text);
        assert_string_equal(text, plain);
        free(plain);
    }
}

static void page_files_are_served_and_nothing_beside_them(void **context)
{
    struct server *server = *context;
    assert_int_equal(ask(server, server->http, "GET", "/app.js", ""), 200);
    assert_string_equal(header_of(server, "Content-Type"), "text/javascript; charset=utf-8");
    assert_non_null(strstr(header_of(server, "Content-Security-Policy"), "default-src 'self'"));
    assert_int_equal(ask(server, server->http, "GET", "/../../etc/passwd", ""), 404);
    assert_int_equal(ask(server, server->http, "GET", "/%2e%2e/%2e%2e/etc/passwd", ""), 404);
    assert_int_equal(ask(server, server->http, "GET", "/app.js%00.html", ""), 404);
    assert_string_equal(header_of(server, "Content-Type"), "application/problem+json");
    /* no index.html in the folder: the list of what the API has */
    assert_int_equal(ask(server, server->http, "GET", "/", ""), 200);
    assert_non_null(strstr(body_of(server), "/api/v1/results"));
}

static void each_address_has_its_own_paths(void **context)
{
    struct server *server = *context;
    assert_int_equal(ask(server, server->http, "GET", "/metrics", ""), 404);
    assert_int_equal(ask(server, server->http, "GET", "/cluster", ""), 404);
    assert_int_equal(ask(server, server->local, "GET", "/metrics", ""), 200);
    assert_int_equal(ask(server, server->local, "GET", "/cluster", ""), 200);
    assert_int_equal(ask(server, server->local, "GET", "/healthz", ""), 200);
    assert_int_equal(ask(server, server->local, "GET", "/readyz", ""), 200);
    assert_int_equal(ask(server, server->local, "GET", "/app.js", ""), 404);
    assert_int_equal(ask(server, server->local, "GET", "/", ""), 404);
    assert_int_equal(ask(server, server->local, "GET", "/api/v1/results", ""), 404);
}

static void a_strange_query_is_refused(void **context)
{
    struct server *server = *context;
    char path[1024] = "/api/v1/units?";
    assert_int_equal(ask(server, server->http, "GET", "/api/v1/units?q=%00", ""), 400);
    assert_int_equal(ask(server, server->http, "GET", "/api/v1/units?q", ""), 200);
    assert_int_equal(ask(server, server->http, "GET", "/api/v1/units?q=%C3%A9&limit=1", ""), 200);
    assert_int_equal(ask(server, server->http, "GET", "/api/v1/units?%FF=1", ""), 400);
    for (int i = 0; i < 17; i++)
        snprintf(path + strlen(path), sizeof path - strlen(path), "a%d=1&", i);
    assert_int_equal(ask(server, server->http, "GET", path, ""), 400);
    assert_non_null(strstr(body_of(server), "more than 16 parameters"));
}

static void headers_that_are_too_large_are_refused(void **context)
{
    struct server *server = *context;
    const int fd = connect_to(server->http);
    char line[1024];
    memset(line, 'x', sizeof line);
    memcpy(line, "A: ", 3);
    memcpy(line + sizeof line - 3, "\r\n", 3);
    send_text(fd, "GET /healthz HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < 40; i++)
        if (send(fd, line, sizeof line - 1, MSG_NOSIGNAL) < 0)
            break;
    send(fd, "\r\n", 2, MSG_NOSIGNAL);
    read_all(server, fd, ANSWER_WAIT_MS);
    close(fd);
    assert_true(server->length == 0 || strncmp(server->answer, "HTTP/1.1 4", 10) == 0);
    assert_int_equal(ask(server, server->http, "GET", "/healthz", ""), 200);
}

static void a_client_that_trickles_is_cut(void **context)
{
    struct server *server = *context;
    const int slow = connect_to(server->http);
    send_text(slow, "GET /healthz HT");
    while (psp_stats_read(&server->api->stats.connections) == 0)
        usleep(1000);
    psp_http_sweep(server->http, psp_clock_ms() + PSP_HTTP_REQUEST_MS - 1000);
    send_text(slow, "TP/1.1\r\nHost: x\r\n"); /* in time, but not whole */
    assert_false(read_all(server, slow, 100));
    psp_http_sweep(server->http, psp_clock_ms() + PSP_HTTP_REQUEST_MS + 1);
    assert_true(read_all(server, slow, ANSWER_WAIT_MS));
    assert_int_equal(server->length, 0);
    assert_int_equal(psp_stats_read(&server->api->stats.connections_cut), 1);
    close(slow);
}

static void sweep_until(struct server *server, uint64_t connections)
{
    for (int i = 0; psp_stats_read(&server->api->stats.connections) != connections; i++) {
        assert_true(i < 100);
        psp_http_sweep(server->http, psp_clock_ms());
        usleep(20000);
    }
}

/* What comes together with its end libmicrohttpd would keep until its time is over. */
static void who_goes_before_the_request_is_whole_keeps_no_place(void **context)
{
    enum { TIMES = 20 };
    static const char *const begun[] = {
        "",
        "GET /",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nX-A",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc",
        "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /he",
    };
    struct server *server = *context;
    const int waits = connect_to(server->http);
    send_text(waits, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-A");
    for (size_t i = 0; i < TIMES * sizeof begun / sizeof *begun; i++) {
        const int fd = connect_to(server->http);
        send_text(fd, begun[i / TIMES]);
        close(fd);
    }
    usleep(200000);
    sweep_until(server, 1);
    send_text(waits, ": b\r\nConnection: close\r\n\r\n");
    assert_true(read_all(server, waits, ANSWER_WAIT_MS));
    assert_non_null(strstr(server->answer, "{\"alive\":true}"));
    close(waits);
}

/* A client may end its own direction after whole requests, and take its time. */
static void who_sends_no_more_after_its_requests_is_answered(void **context)
{
    enum { REQUESTS = 200 };
    static const char end[] = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    struct server *server = *context;
    const int fd = connect_to(server->http);
    for (int i = 0; i < REQUESTS; i++)
        send_text(fd, "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n");
    send_text(fd, end);
    shutdown(fd, SHUT_WR);
    usleep(200000);
    for (int i = 0; i < 3; i++)
        psp_http_sweep(server->http, psp_clock_ms());
    size_t bytes = 0;
    for (ssize_t n; (n = recv(fd, server->answer, sizeof server->answer, 0)) > 0;)
        bytes += (size_t)n;
    assert_true(bytes > REQUESTS * psp_openapi_text_bytes);
    assert_int_equal(psp_stats_read(&server->api->stats.connections_cut), 0);
    close(fd);
}

static void whoever_is_refused_for_now_keeps_no_place(void **context)
{
    struct server *server = *context;
    server->api->freshness.stale_ms = 1;
    usleep(10000);
    const int fd = connect_to(server->http);
    send_text(fd, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(read_all(server, fd, ANSWER_WAIT_MS));
    assert_non_null(strstr(server->answer, " 503 "));
    close(fd);
}

static void a_kept_connection_has_time_for_its_next_request(void **context)
{
    struct server *server = *context;
    const int fd = connect_to(server->http);
    send_text(fd, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_false(read_all(server, fd, 300)); /* answered and kept */
    assert_true(server->length > 0);
    psp_http_sweep(server->http, psp_clock_ms() + PSP_HTTP_REQUEST_MS + 1);
    send_text(fd, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_true(read_all(server, fd, ANSWER_WAIT_MS));
    assert_non_null(strstr(server->answer, "{\"alive\":true}"));
    close(fd);
}

static void requests_are_counted_by_status(void **context)
{
    struct server *server = *context;
    ask(server, server->http, "GET", "/healthz", "");
    ask(server, server->http, "GET", "/healthz", "");
    ask(server, server->http, "GET", "/nothing", "");
    ask(server, server->local, "GET", "/metrics", "");
    assert_non_null(strstr(body_of(server), "psephos_http_requests_total{code=\"200\"} 2\n"));
    assert_non_null(strstr(body_of(server), "psephos_http_requests_total{code=\"404\"} 1\n"));
}

static void an_address_in_use_is_told(void **context)
{
    struct server *server = *context;
    struct psp_http *second = NULL;
    char address[64];
    struct psp_http_options options = {
        .address = address, .site = &server->api->site, .views = &server->views};
    snprintf(address, sizeof address, "127.0.0.1:%u", psp_http_port(server->http));
    assert_int_equal(psp_http_start(&options, &second, &server->reason), PSP_EEXIST);
    assert_non_null(strstr(server->reason.text, address));
    assert_non_null(strstr(server->reason.text, "Address already in use"));
    static const char *const bad[] = {"127.0.0.1",        "127.0.0.1:", "127.0.0.1:http",
                                      "nohost.invalid:1", "[::1",       "[::1]80"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        options.address = bad[i];
        assert_int_equal(psp_http_start(&options, &second, &server->reason), PSP_EINVAL);
    }
    assert_null(second);
}

/* What was last published is what every thread sees, whole. */
static void *read_often(void *context)
{
    struct server *server = context;
    for (int i = 0; i < 300; i++) {
        struct psp_view *view = psp_view_slot_take(&server->views);
        assert_true(psp_view_ballots(view, US) == 15);
        psp_view_release(&view);
    }
    return NULL;
}

static void views_come_and_go_under_readers(void **context)
{
    struct server *server = *context;
    pthread_t readers[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_often, server), 0);
    for (int i = 0; i < 100; i++) {
        struct psp_view *view = NULL;
        assert_int_equal(
            psp_view_create(server->api->board, server->api->catalog, &server->api->key, &view),
            PSP_OK);
        psp_view_slot_put(&server->views, view, psp_clock_ms());
        if (i % 20 == 0)
            assert_int_equal(ask(server, server->http, "GET", "/api/v1/results", ""), 200);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(readers[i], NULL);
}

/* Reads on until the words came; false: not within the wait. */
static bool read_until(struct server *server, int fd, const char *words, int wait_ms)
{
    const uint64_t end_ms = psp_clock_ms() + (uint64_t)wait_ms;
    server->answer[server->length] = 0;
    while (!strstr(server->answer, words)) {
        struct pollfd poller = {.fd = fd, .events = POLLIN};
        const uint64_t now_ms = psp_clock_ms();
        if (now_ms >= end_ms || poll(&poller, 1, (int)(end_ms - now_ms)) <= 0)
            return false;
        const ssize_t n =
            recv(fd, server->answer + server->length, ANSWER_BYTES - 1 - server->length, 0);
        if (n <= 0)
            return false;
        server->length += (size_t)n;
        server->answer[server->length] = 0;
    }
    return true;
}

static int open_stream(struct server *server, const char *last_id)
{
    char request[256];
    const int fd = connect_to(server->http);
    snprintf(request, sizeof request,
             "GET /api/v1/stream?contest=pres HTTP/1.1\r\nHost: x\r\n%s%s\r\n",
             last_id ? "Last-Event-ID: " : "", last_id ? last_id : "");
    send_text(fd, request);
    server->length = 0;
    return fd;
}

static void a_stream_begins_with_the_newest_and_goes_on(void **context)
{
    struct server *server = *context;
    publish_tag(server, 0x11);
    const int fd = open_stream(server, NULL);
    assert_true(read_until(server, fd, "id: 0000000000000011.0\nevent: board", ANSWER_WAIT_MS));
    assert_non_null(strstr(server->answer, "Content-Type: text/event-stream"));
    for (uint64_t tag = 0x12; tag < 0x18; tag++) {
        char words[64];
        publish_tag(server, tag);
        snprintf(words, sizeof words, "id: 00000000000000%02x.0\n", (unsigned)tag);
        assert_true(read_until(server, fd, words, ANSWER_WAIT_MS));
    }
    close(fd);
}

static void a_viewer_that_has_the_newest_waits_for_the_next(void **context)
{
    struct server *server = *context;
    publish_tag(server, 0x21);
    const int fd = open_stream(server, "0000000000000021.0\r\n");
    assert_true(read_until(server, fd, "retry: ", ANSWER_WAIT_MS));
    assert_false(read_until(server, fd, "event: board", 300));
    publish_tag(server, 0x22);
    assert_true(read_until(server, fd, "id: 0000000000000022.0", ANSWER_WAIT_MS));
    server->api->freshness.fresh_ms[1] = 0; /* the same counts, but stale */
    psp_http_sweep(server->http, psp_clock_ms());
    assert_true(read_until(server, fd, "id: 0000000000000022.1", ANSWER_WAIT_MS));
    close(fd);
}

static void a_heartbeat_comes_when_nothing_else_does(void **context)
{
    struct server *server = *context;
    const int fd = open_stream(server, NULL);
    assert_true(read_until(server, fd, "event: board", ANSWER_WAIT_MS));
    psp_http_sweep(server->http, psp_clock_ms() + PSP_STREAM_HEARTBEAT_MS);
    assert_true(read_until(server, fd, ": still here\nevent: shards", ANSWER_WAIT_MS));
    close(fd);
}

/* Suspended viewers are there when the server stops; stopping must not wait for them. */
static void a_server_stops_while_viewers_wait(void **context)
{
    struct server *server = *context;
    int fds[20];
    for (int i = 0; i < 20; i++) {
        fds[i] = open_stream(server, NULL);
        assert_true(read_until(server, fds[i], "event: board", ANSWER_WAIT_MS));
    }
    assert_int_equal(psp_stats_read(&server->api->stats.stream_viewers), 20);
    psp_http_stop(&server->http);
    assert_int_equal(psp_stats_read(&server->api->stats.stream_viewers), 0);
    for (int i = 0; i < 20; i++)
        close(fds[i]);
}

static void a_viewer_that_left_is_let_go(void **context)
{
    struct server *server = *context;
    const int fd = open_stream(server, NULL);
    assert_true(read_until(server, fd, "event: board", ANSWER_WAIT_MS));
    close(fd);
    const uint64_t end_ms = psp_clock_ms() + ANSWER_WAIT_MS;
    for (uint64_t tag = 0x31; psp_stats_read(&server->api->stats.stream_viewers) > 0; tag++) {
        assert_true(psp_clock_ms() < end_ms);
        publish_tag(server, tag);
        poll(NULL, 0, 5);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_get_is_answered_with_all_its_headers),
        TEST(every_answer_of_a_test_says_so_in_a_header),
        TEST(a_stream_begins_with_the_newest_and_goes_on),
        TEST(a_viewer_that_has_the_newest_waits_for_the_next),
        TEST(a_heartbeat_comes_when_nothing_else_does),
        TEST(a_server_stops_while_viewers_wait),
        TEST(a_viewer_that_left_is_let_go),
        TEST(a_csv_says_its_version_and_so_do_all_others),
        TEST(a_csv_says_how_many_results_are_held),
        TEST(a_head_is_a_get_without_a_body),
        TEST(options_tell_what_is_allowed),
        TEST(nothing_can_be_written),
        TEST(the_same_version_is_304),
        TEST(bodies_are_packed_for_who_takes_it),
        TEST(page_files_are_served_and_nothing_beside_them),
        TEST(each_address_has_its_own_paths),
        TEST(a_strange_query_is_refused),
        TEST(headers_that_are_too_large_are_refused),
        TEST(a_client_that_trickles_is_cut),
        TEST(who_goes_before_the_request_is_whole_keeps_no_place),
        TEST(who_sends_no_more_after_its_requests_is_answered),
        TEST(whoever_is_refused_for_now_keeps_no_place),
        TEST(a_kept_connection_has_time_for_its_next_request),
        TEST(requests_are_counted_by_status),
        TEST(an_address_in_use_is_told),
        TEST(views_come_and_go_under_readers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
