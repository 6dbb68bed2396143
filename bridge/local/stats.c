/* The words, and the one text among the numbers. */
#include "bridge/local/stats.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void psp_bridge_stats_start(struct psp_bridge_stats *stats)
{
    memset(stats, 0, sizeof *stats);
    pthread_mutex_init(&stats->lock, NULL);
}

void psp_bridge_stats_end(struct psp_bridge_stats *stats)
{
    pthread_mutex_destroy(&stats->lock);
}

bool psp_bridge_tell(struct psp_bridge_stats *stats, enum psp_bridge_state state,
                     const char *format, ...)
{
    char text[PSP_BRIDGE_TROUBLE_BYTES] = "";
    if (format) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
    }
    pthread_mutex_lock(&stats->lock);
    const bool is_news =
        psp_bridge_stat(&stats->state) != state || strcmp(stats->trouble, text) != 0;
    psp_bridge_set(&stats->state, state);
    memcpy(stats->trouble, text, sizeof text);
    pthread_mutex_unlock(&stats->lock);
    return is_news;
}

void psp_bridge_trouble(struct psp_bridge_stats *stats, char *ret_text, size_t size)
{
    pthread_mutex_lock(&stats->lock);
    snprintf(ret_text, size, "%s", stats->trouble);
    pthread_mutex_unlock(&stats->lock);
}

const char *psp_bridge_state_name(enum psp_bridge_state state)
{
    static const char *const words[] = {
#define X(NAME, word) word,
        PSP_BRIDGE_STATES(X)
#undef X
    };
    return state < PSP_BRIDGE_STATES_END ? words[state] : "";
}

const char *psp_bridge_rejection_name(enum psp_bridge_rejection rejection)
{
    static const char *const words[] = {
#define X(NAME, word) word,
        PSP_BRIDGE_REJECTIONS(X)
#undef X
    };
    return rejection < PSP_BRIDGE_REJECTIONS_END ? words[rejection] : "";
}
