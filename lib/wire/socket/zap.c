/* One REP socket in a thread: seven frames in, yes or no out. */
#include "wire/socket/zap.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#include "base/system/clock.h"
#include "wire/socket/curve.h"

enum {
    REQUEST_FRAMES = 7, /* version, request, domain, address, identity, mechanism, key */
    FRAME_BYTES_MAX = 256,
    CURVE_KEY_BYTES = 32,
    SELF_TEST_MS = 5000,
    READS_ON_NS = 500000,
};

static_assert((int)FRAME_BYTES_MAX >= (int)PSP_CURVE_DOMAIN_BYTES, "a domain is read whole");
static_assert((int)CURVE_KEY_BYTES == (int)PSP_KEY_BYTES, "one kind of key");

struct psp_zap {
    void *socket;
    struct psp_key_table *table;
    pthread_t thread;
};

struct frame {
    char data[FRAME_BYTES_MAX];
    size_t length;
};

/* Bits of the domain's roles; 0, which admits nobody, for any other domain. */
static unsigned roles_of_domain(const struct frame *domain)
{
    char text[PSP_CURVE_DOMAIN_BYTES], whole[PSP_CURVE_DOMAIN_BYTES];
    static const char prefix[] = "roles:";
    if (domain->length >= sizeof text)
        return 0;
    memcpy(text, domain->data, domain->length);
    text[domain->length] = '\0';
    if (strncmp(text, prefix, strlen(prefix)) != 0)
        return 0;
    assert(strlen(text) <= domain->length);
    /* What strtoul makes of anything but a plain number does not print as `text` again. */
    const unsigned roles = (unsigned)strtoul(text + strlen(prefix), NULL, 10);
    psp_curve_domain(roles, whole);
    return strcmp(text, whole) == 0 ? roles : 0;
}

/* Reads all frames of one request, keeps the first ones. Returns how many
 * there were, -1 when the context ends. A frame that is too long counts as none. */
static int read_request(void *socket, struct frame frames[REQUEST_FRAMES])
{
    int n = 0, more = 1;
    bool sound = true;
    while (more) {
        struct frame spare;
        struct frame *frame = n < REQUEST_FRAMES ? &frames[n] : &spare;
        const int length = zmq_recv(socket, frame->data, sizeof frame->data, 0);
        if (length < 0 && zmq_errno() == EINTR)
            continue;
        if (length < 0)
            return -1;
        if ((size_t)length > sizeof frame->data)
            sound = false;
        frame->length = (size_t)length;
        size_t size = sizeof more;
        if (zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size) != 0)
            return -1;
        n++;
    }
    return sound ? n : 0;
}

static bool equals(const struct frame *frame, const char *text)
{
    return frame->length == strlen(text) && memcmp(frame->data, text, frame->length) == 0;
}

enum admission { ADMITTED, REFUSED, BARRED };

static enum admission admit(struct psp_zap *zap, const struct frame frames[REQUEST_FRAMES],
                            char ret_key[PSP_KEY_Z85_BYTES])
{
    struct psp_known_key known;
    uint64_t generation = 0;
    if (!equals(&frames[0], "1.0") || !equals(&frames[5], "CURVE"))
        return REFUSED;
    if (frames[6].length != CURVE_KEY_BYTES)
        return REFUSED;
    if (!zmq_z85_encode(ret_key, (const uint8_t *)frames[6].data, CURVE_KEY_BYTES))
        return REFUSED;
    if (!psp_key_table_find(zap->table, ret_key, &known, &generation))
        return REFUSED;
    if ((roles_of_domain(&frames[2]) & (unsigned)known.role) == 0)
        return REFUSED;
    return psp_key_table_barred(zap->table, &known, psp_clock_ms()) ? BARRED : ADMITTED;
}

static bool send_text(void *socket, const void *data, size_t length, int flags)
{
    int rc;
    do
        rc = zmq_send(socket, data, length, flags);
    while (rc < 0 && zmq_errno() == EINTR);
    return rc >= 0;
}

/* The peer's metadata, as libzmq reads them: its identity, empty, so that libzmq makes one. It
 * replaces what the peer announced itself, one that libzmq would make next ends the process; but
 * not in an answer that is there before libzmq has read on in what the peer sent. */
static const char no_identity[] = "\x08Identity\0\0\0"; /* and the NUL: a length of 0 */

/* Who is barred for a while is not told so: libzmq would take a refusal for good. */
static bool answer(void *socket, const struct frame *request, enum admission admission,
                   const char *key)
{
    static const char *const codes[] = {"200", "400", "300"};
    static const char *const texts[] = {"known", "unknown key, or not for this socket",
                                        "over its budget; later"};
    const bool admitted = admission == ADMITTED;
    assert((size_t)admission < sizeof codes / sizeof *codes);
    assert(!admitted || strlen(key) == PSP_KEY_Z85_BYTES - 1);
    const char *code = codes[admission], *text = texts[admission];
    return send_text(socket, "1.0", 3, ZMQ_SNDMORE) &&
           send_text(socket, request->data, request->length, ZMQ_SNDMORE) &&
           send_text(socket, code, 3, ZMQ_SNDMORE) &&
           send_text(socket, text, strlen(text), ZMQ_SNDMORE) &&
           send_text(socket, key, admitted ? strlen(key) : 0, ZMQ_SNDMORE) &&
           send_text(socket, no_identity, admitted ? sizeof no_identity : 0, 0);
}

static void *run(void *argument)
{
    struct psp_zap *zap = argument;
    struct frame frames[REQUEST_FRAMES];
    for (;;) {
        char key[PSP_KEY_Z85_BYTES] = "";
        const int n = read_request(zap->socket, frames);
        if (n < 0)
            break;
        const bool sound = n == REQUEST_FRAMES;
        if (!sound)
            frames[1].length = 0;
        assert(frames[1].length <= sizeof frames[1].data);
        const enum admission admission = sound ? admit(zap, frames, key) : REFUSED;
        if (admission == ADMITTED)
            nanosleep(&(struct timespec){.tv_nsec = READS_ON_NS}, NULL);
        if (!answer(zap->socket, &frames[1], admission, key))
            break;
    }
    zmq_close(zap->socket);
    return NULL;
}

enum psp_status psp_zap_start(void *context, struct psp_key_table *table, struct psp_zap **ret_zap)
{
    struct psp_zap *zap = calloc(1, sizeof *zap);
    if (!zap)
        return PSP_ENOMEM;
    assert(table != NULL);
    zap->table = table;
    zap->socket = zmq_socket(context, ZMQ_REP);
    if (!zap->socket) {
        free(zap);
        return PSP_EIO;
    }
    const int no_linger = 0;
    sigset_t all, before;
    int error = 1;
    if (zmq_setsockopt(zap->socket, ZMQ_LINGER, &no_linger, sizeof no_linger) != 0 ||
        zmq_bind(zap->socket, "inproc://zeromq.zap.01") != 0)
        goto failed;
    /* Signals are for the thread that runs the loop. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&zap->thread, NULL, run, zap);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0) {
        *ret_zap = zap;
        return PSP_OK;
    }
failed:
    zmq_close(zap->socket);
    free(zap);
    return PSP_EIO;
}

void psp_zap_stop(struct psp_zap **zap)
{
    if (!*zap)
        return;
    pthread_join((*zap)->thread, NULL);
    free(*zap);
    *zap = NULL;
}

/* Waits for the outcome of the first handshake on a monitored socket. */
static enum psp_status handshake_outcome(void *monitor)
{
    uint8_t event[6];
    char endpoint[PSP_ENDPOINT_BYTES];
    if (zmq_recv(monitor, event, sizeof event, 0) != (int)sizeof event ||
        zmq_recv(monitor, endpoint, sizeof endpoint, 0) < 0)
        return PSP_EIO;
    uint16_t number = 0;
    memcpy(&number, event, sizeof number);
    if (number == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
        return PSP_OK;
    return number == ZMQ_EVENT_HANDSHAKE_SUCCEEDED ? PSP_EPERM : PSP_EIO;
}

enum psp_status psp_zap_refuses_strangers(void *context)
{
    static const char monitor_at[] = "inproc://psephos.self-test";
    const int events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                       ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL;
    const unsigned every_role = PSP_ROLE_STATION | PSP_ROLE_ROUTER | PSP_ROLE_SHARD |
                                PSP_ROLE_COLLECTOR | PSP_ROLE_OPERATOR | PSP_ROLE_GATEWAY;
    const int patience_ms = SELF_TEST_MS;
    struct psp_keypair ours, strangers;
    char endpoint[PSP_ENDPOINT_BYTES];
    void *server = NULL, *client = NULL, *monitor = NULL;
    enum psp_status status = PSP_EIO;
    if (psp_keypair_generate(&ours) != PSP_OK || psp_keypair_generate(&strangers) != PSP_OK)
        return PSP_EIO;
    server = psp_curve_open_server(context, &ours, every_role);
    client = psp_curve_open_client(context, &strangers, ours.public_z85);
    monitor = zmq_socket(context, ZMQ_PAIR);
    if (!server || !client || !monitor)
        goto out;
    size_t size = sizeof endpoint;
    if (zmq_socket_monitor(server, monitor_at, events) != 0 ||
        zmq_setsockopt(monitor, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms) != 0 ||
        zmq_connect(monitor, monitor_at) != 0 || zmq_bind(server, "tcp://127.0.0.1:*") != 0 ||
        zmq_getsockopt(server, ZMQ_LAST_ENDPOINT, endpoint, &size) != 0 ||
        zmq_connect(client, endpoint) != 0)
        goto out;
    status = handshake_outcome(monitor);
out:
    if (server)
        zmq_socket_monitor(server, NULL, 0);
    if (monitor)
        zmq_close(monitor);
    if (client)
        zmq_close(client);
    if (server)
        zmq_close(server);
    return status;
}
