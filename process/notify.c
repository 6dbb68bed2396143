#include "process/notify.h"

#include <systemd/sd-daemon.h>

void psp_notify_ready(void)
{
    sd_notify(0, "READY=1");
}

void psp_notify_stopping(void)
{
    sd_notify(0, "STOPPING=1");
}
