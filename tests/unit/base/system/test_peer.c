/* Whether the other end of a connection sends no more. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/system/peer.h"

static void make_pair(int ret_fds[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    const int port = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(port, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(port, 1), 0);
    assert_int_equal(getsockname(port, (struct sockaddr *)&address, &length), 0);
    ret_fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(ret_fds[0], (struct sockaddr *)&address, length), 0);
    ret_fds[1] = accept(port, NULL, NULL);
    assert_true(ret_fds[1] >= 0);
    close(port);
}

static void it_has_ended_when_all_it_sent_was_read(void **state)
{
    int fds[2];
    char byte;
    (void)state;
    make_pair(fds);
    assert_false(psp_peer_ended(fds[1]));
    assert_int_equal(send(fds[0], "x", 1, 0), 1);
    shutdown(fds[0], SHUT_WR);
    usleep(50000);
    assert_false(psp_peer_ended(fds[1]));
    assert_int_equal(recv(fds[1], &byte, 1, 0), 1);
    assert_true(psp_peer_ended(fds[1]));
    assert_int_equal(send(fds[1], "y", 1, 0), 1); /* it may still be answered */
    assert_int_equal(recv(fds[0], &byte, 1, 0), 1);
    close(fds[0]);
    close(fds[1]);
}

static void one_that_was_reset_has_ended(void **state)
{
    const struct linger at_once = {.l_onoff = 1};
    int fds[2];
    (void)state;
    make_pair(fds);
    setsockopt(fds[0], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fds[0]);
    usleep(50000);
    assert_true(psp_peer_ended(fds[1]));
    close(fds[1]);
}

static void what_is_no_connection_has_no_end(void **state)
{
    int fds[2];
    (void)state;
    assert_false(psp_peer_ended(-1));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    close(fds[0]);
    assert_false(psp_peer_ended(fds[1]));
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_has_ended_when_all_it_sent_was_read),
        cmocka_unit_test(one_that_was_reset_has_ended),
        cmocka_unit_test(what_is_no_connection_has_no_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
