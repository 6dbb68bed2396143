/* libsystemd's sd_notify, and the watchdog's interval. */
#include "process/notify.h"

#include <systemd/sd-daemon.h>

void psp_notify_ready(void)
{
    sd_notify(0, "READY=1");
}

uint64_t psp_notify_alive_ms(void)
{
    uint64_t us = 0;
    return sd_watchdog_enabled(0, &us) > 0 ? us / 2000 : 0;
}

void psp_notify_alive(void)
{
    sd_notify(0, "WATCHDOG=1");
}

void psp_notify_stopping(void)
{
    sd_notify(0, "STOPPING=1");
}
