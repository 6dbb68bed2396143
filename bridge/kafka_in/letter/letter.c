/* A reason that may quote the ballot is said in general words, unless all of it is told. */
#include "bridge/kafka_in/letter/letter.h"

#include <inttypes.h>

#include "base/json/writer.h"

static const char *in_general(enum psp_bridge_rejection rejection)
{
    switch (rejection) {
    case PSP_BRIDGE_REJECTED_UNREADABLE:
        return "not a message of the format that bridge.json names";
    case PSP_BRIDGE_REJECTED_DOUBLE_VOTE:
        return "this voter has another ballot counted";
    case PSP_BRIDGE_REJECTED_NOT_ELIGIBLE:
        return "the voter is not on the roll, or belongs to another unit or ballot style";
    case PSP_BRIDGE_REJECTED_INVALID:
        return "a unit, method, contest, choice or ballot style that is not known, or not of this "
               "ballot; or one that is repeated";
    case PSP_BRIDGE_REJECTED_CLOSED:
        return "the election was not open";
    case PSP_BRIDGE_REJECTED_NOT_ALLOWED:
        return "the bridge's key may not cast for this unit or method, or not at this time";
    case PSP_BRIDGE_REJECTED_REFUSED:
    case PSP_BRIDGE_REJECTIONS_END:
        break;
    }
    return "";
}

static void write_base64(struct psp_writer *json, const char *name, struct psp_bytes bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct psp_text text = {0};
    for (size_t i = 0; i < bytes.length; i += 3) {
        const size_t n = bytes.length - i < 3 ? bytes.length - i : 3;
        uint32_t bits = (uint32_t)bytes.data[i] << 16;
        if (n > 1)
            bits |= (uint32_t)bytes.data[i + 1] << 8;
        if (n > 2)
            bits |= bytes.data[i + 2];
        const char four[4] = {digits[bits >> 18], digits[bits >> 12 & 63],
                              n > 1 ? digits[bits >> 6 & 63] : '=',
                              n > 2 ? digits[bits & 63] : '='};
        psp_text_bytes(&text, four, sizeof four);
    }
    psp_text_bytes(&text, "", 1);
    if (!text.failed)
        psp_writer_string(json, name, text.data);
    json->text->failed |= text.failed;
    psp_text_free(&text);
}

void psp_bridge_letter_key(const struct psp_bridge_letter *letter, struct psp_text *text)
{
    psp_text_format(text, "%s/%" PRId32 "/%" PRId64, letter->topic, letter->partition,
                    letter->offset);
}

void psp_bridge_letter_value(const struct psp_bridge_letter *letter, bool whole,
                             struct psp_text *text)
{
    struct psp_writer json;
    psp_writer_start(&json, text);
    psp_writer_begin_object(&json, NULL);
    psp_writer_number(&json, "format", PSP_BRIDGE_LETTER_FORMAT);
    psp_writer_string(&json, "topic", letter->topic);
    psp_writer_number(&json, "partition", (uint64_t)letter->partition);
    psp_writer_number(&json, "offset", (uint64_t)letter->offset);
    if (letter->time_ms >= 0)
        psp_writer_time(&json, "time", (uint64_t)letter->time_ms);
    else
        psp_writer_null(&json, "time");
    psp_writer_string(&json, "disposition", psp_bridge_rejection_name(letter->rejection));
    psp_writer_string(&json, "reason",
                      whole && letter->reason[0] ? letter->reason : in_general(letter->rejection));
    if (whole) {
        if (letter->key.data)
            write_base64(&json, "key", letter->key);
        else
            psp_writer_null(&json, "key");
        write_base64(&json, "value", letter->value);
    }
    psp_writer_end_object(&json);
}
