/*
 * api - requests in, answers out, without a socket.
 *
 *     path ─▶ route ─▶ parameters known? ─▶ version kept? ─▶ ETag the same? ─▶ resource/: a file
 *                        │ 400                │ 410             │ 304             │ 200, 404, …
 *
 * Everything a handler reads is in the request and immutable, so a handler is a
 * plain function of (view, question, now), and tests call it so. A list never
 * answers more than PSP_API_LIMIT_MAX items; a cursor continues it.
 *
 * Ownership: a request borrows everything; a reply owns its body.
 * Threads:   any number of requests at once.
 */
#ifndef PSP_API_H
#define PSP_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text/text.h"
#include "cluster/cluster.h"
#include "collector/api/freshness.h"
#include "collector/api/stats.h"
#include "collector/view/view.h"

#define PSP_API_LIMIT_MAX 1000
#define PSP_API_PARAMETERS_MAX 16
#define PSP_API_WORDS_MAX 16 /* of q */
enum {
    PSP_API_LIMIT_DEFAULT = 100,
    PSP_API_LEADERS_MAX = 5000,    /* units in one answer of /leaders */
    PSP_API_VALUE_BYTES_MAX = 256, /* of a query parameter */
    PSP_API_AHEAD_MS = 5000,       /* as_of is said to be ahead when it is by more */
};

struct psp_names;
struct psp_page;
struct psp_routers;
struct psp_series;

/* What does not change while the collector runs. */
struct psp_api_site {
    const struct psp_catalog *catalog;
    const struct psp_cluster *cluster;
    const struct psp_freshness *freshness;
    struct psp_stats *stats;
    struct psp_series *series;
    struct psp_names *names;     /* of stations; NULL: none */
    struct psp_routers *routers; /* NULL: none is asked */
    const struct psp_page *page; /* NULL: none */
    const char *definition_text; /* the bytes of election.json */
    size_t definition_bytes;
    uint32_t collector;
};

struct psp_api_parameter {
    const char *name, *value;
};

struct psp_api_request {
    const struct psp_api_site *site;
    const struct psp_view *view; /* the newest; psp_api_serve puts `kept` there, if asked for */
    const struct psp_view *kept; /* which version= asks for; NULL: none, or not kept any more */
    uint64_t now_ms;             /* monotonic */
    uint64_t wall_ms;            /* the time of day; 0: not known */
    bool local;                  /* came to the loopback address */
    bool head;                   /* only the head is asked for: nothing waits for it */
    const char *path;            /* decoded, without the query */
    const char *accept;          /* header or NULL */
    const char *if_none_match;   /* header or NULL */
    bool gzip; /* the body will be sent so: another representation, another ETag */
    uint32_t parameter_count;
    struct psp_api_parameter parameters[PSP_API_PARAMETERS_MAX];
    /* filled in by psp_api_serve */
    const char *id; /* the {id} of the path, or NULL */
    bool csv;
    bool spreadsheet; /* of CSV: no cell is a formula */
    bool stale;
    bool ahead;        /* as_of has not come yet, by this machine's clock */
    uint32_t language; /* of names: a position, 0 without languages */
};

/* What a viewer of the stream wants to see; PSP_NONE: everything. */
struct psp_stream_question {
    uint32_t contest, unit, method;
    uint32_t language; /* of names; 0: the first */
};

/* What a reader of /api/v1/changes wants to be told (collector/api/changes.h). */
struct psp_changes_question {
    bool resumed; /* it has the board's change `since`; else nothing */
    uint64_t since;
    enum psp_version_stale told; /* whether that was stale, if it says so */
    uint32_t contest;            /* PSP_NONE: every one */
    uint32_t level;              /* PSP_NONE: every one */
    bool leaf_level;             /* leaves alone, whatever their level */
    bool results, turnout, books;
    bool standing;    /* results with who stands where, and how far they are */
    uint32_t wait_ms; /* for something to tell; 0: not at all */
};

struct psp_api_reply { /* zero-initialise; free with psp_api_reply_free */
    unsigned status;
    const char *content_type; /* static */
    struct psp_text body;
    char etag[48];                      /* without quotes; "" for none */
    char version[PSP_VERSION_ID_BYTES]; /* of the view that it is of; "": of none */
    struct psp_text next;               /* path and query of the next page; empty: none */
    struct psp_text origin;             /* links to whose figures these are; empty: none */
    bool spreadsheet;                   /* as of the request */
    bool tells_held;                    /* it leaves out what is held: … */
    uint64_t held;                      /* … so many items */
    const char *shared;                 /* a body that is not owned, instead of `body` */
    size_t shared_bytes;
    bool stream; /* go on with events that answer the question, instead of a body */
    struct psp_stream_question question;
    bool lines; /* go on with the lines that answer `changes`, instead of a body */
    struct psp_changes_question changes;
};
void psp_api_reply_free(struct psp_api_reply *reply);

/* Answers a GET or HEAD. Always fills a reply: problems too are replies.
 * False: no such path here (a page file may have it). */
bool psp_api_serve(struct psp_api_request *request, struct psp_api_reply *ret_reply);

/* Whether the value of If-None-Match names the ETag (RFC 9110, 13.1.2). */
bool psp_api_etag_matches(const char *if_none_match, const char *etag);

/* Whether a view's time lies ahead of the time of day: leaders' clocks were wrong. It stands
 * still until clocks reach it, for a log's time never goes back. */
bool psp_api_is_ahead(const struct psp_view *view, uint64_t wall_ms);

/* One a resource. The route is found, the parameters are known by name. */
typedef void psp_api_handler(const struct psp_api_request *request, struct psp_api_reply *reply);
void psp_api_election(const struct psp_api_request *request, struct psp_api_reply *reply);
void psp_api_definition(const struct psp_api_request *request, struct psp_api_reply *reply);
void psp_api_contests(const struct psp_api_request *request, struct psp_api_reply *reply);
void psp_api_results(const struct psp_api_request *request, struct psp_api_reply *reply);
void psp_api_candidates(const struct psp_api_request *request, struct psp_api_reply *reply);
void psp_api_candidate(const struct psp_api_request *request, struct psp_api_reply *reply);
void psp_api_turnout(const struct psp_api_request *request, struct psp_api_reply *reply);
void psp_api_overview(const struct psp_api_request *request, struct psp_api_reply *reply);
void psp_api_units(const struct psp_api_request *request, struct psp_api_reply *reply);
void psp_api_unit(const struct psp_api_request *request, struct psp_api_reply *reply);
void psp_api_changes(const struct psp_api_request *request, struct psp_api_reply *reply);
void psp_api_accounting(const struct psp_api_request *request, struct psp_api_reply *reply);
void psp_api_stream(const struct psp_api_request *request, struct psp_api_reply *reply);
void psp_api_leaders(const struct psp_api_request *request, struct psp_api_reply *reply);
void psp_api_series(const struct psp_api_request *request, struct psp_api_reply *reply);
void psp_api_shards(const struct psp_api_request *request, struct psp_api_reply *reply);
void psp_api_healthz(const struct psp_api_request *request, struct psp_api_reply *reply);
void psp_api_readyz(const struct psp_api_request *request, struct psp_api_reply *reply);
void psp_api_metrics(const struct psp_api_request *request, struct psp_api_reply *reply);
void psp_api_cluster(const struct psp_api_request *request, struct psp_api_reply *reply);
void psp_api_stations(const struct psp_api_request *request, struct psp_api_reply *reply);
void psp_api_openapi(const struct psp_api_request *request, struct psp_api_reply *reply);

#endif
