/* The daemon's own reader looks at it; paths are not followed, servers not asked. */
#include "cli/prepare/check_bridge.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/system/address.h"
#include "base/system/file.h"
#include "bridge/config/config.h"
#include "cli/folder/bridges.h"
#include "cli/prepare/servers/postgres.h"
#include "cli/say/json.h"

enum { BRIDGE_BYTES_MAX = 1 << 20 };

bool psp_is_bridge_file(const char *path)
{
    char *text;
    size_t bytes;
    if (psp_file_read(path, BRIDGE_BYTES_MAX, &text, &bytes) != PSP_OK)
        return false;
    json_t *root = json_loadb(text, bytes, 0, NULL);
    const bool is = json_object_get(root, "http_local") || json_object_get(root, "sink") ||
                    json_is_object(json_object_get(root, "source")); /* of an election: a text */
    json_decref(root);
    free(text);
    return is;
}

static void warn_password(const char *path, const char *conninfo)
{
    bool has = false;
    struct psp_reason ignored;
    psp_postgres_conninfo(conninfo, &has, &ignored);
    if (has)
        fprintf(stderr,
                "%s: warning: /sink/postgres/conninfo has a password in it: whoever reads "
                "the file has it; name a file of mode 0600 with passfile=\n",
                path);
}

/* What works, and docs/bridges.md says not to do. */
static void warn(const char *path, const struct psp_bridge_config *config)
{
    if (!psp_address_is_loopback(config->http_local))
        fprintf(stderr,
                "%s: warning: /http_local: %s is not of the loopback interface: whoever "
                "reaches it reads the bridge's metrics\n",
                path, config->http_local);
    if (config->kind == PSP_BRIDGE_POSTGRES)
        warn_password(path, config->postgres.conninfo);
}

enum psp_status psp_check_bridge(const char *path, bool json, struct psp_reason *reterr_reason)
{
    struct psp_bridge_config *config = NULL;
    const enum psp_status status = psp_bridges_load(path, &config, reterr_reason);
    if (status != PSP_OK)
        return status;
    warn(path, config);
    const bool is_source = psp_bridge_is_source(config->kind);
    const char *door = psp_bridge_kind_name(config->kind);
    if (json)
        psp_json_print(json_pack("{s:b, s:s, s:s, s:s, s:s, s:s}", "valid", 1, "file", path, "name",
                                 config->name, "side", is_source ? "source" : "sink", "door", door,
                                 "http_local", config->http_local));
    else
        printf("%s: bridge %s, %s %s; /metrics at %s\n", path, config->name,
               is_source ? "takes from" : "writes to", door, config->http_local);
    psp_bridge_config_destroy(&config);
    return PSP_OK;
}
