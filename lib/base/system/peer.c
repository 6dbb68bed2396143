/* Its state tells; nothing is read, so whoever reads it is not disturbed. */
#include "base/system/peer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

bool psp_peer_ended(int fd)
{
    struct tcp_info info = {0};
    socklen_t length = sizeof info;
    int unread = 0;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0)
        return false;
    if (info.tcpi_state != TCP_CLOSE_WAIT && info.tcpi_state != TCP_CLOSE)
        return false;
    return ioctl(fd, FIONREAD, &unread) != 0 || unread == 0;
}
