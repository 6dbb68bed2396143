/* The only C++ here, for simdjson: compiled without exceptions, none leaves it. simdjson's DOM
 * reads and checks every value; what it lets through and jansson does not is looked for while its
 * tape is walked. Its on-demand reader would be faster and not look at what is skipped. */
#include "client/line/nodes.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <simdjson.h>

namespace dom = simdjson::dom;
using Node = struct psp_line_node;

namespace
{

constexpr size_t TEXT_FIRST = 4096; /* bytes */
constexpr size_t NODES_FIRST = 256;
constexpr uint32_t NAMES_PAIRED = 64; /* of one object; more are sorted to find equal ones */

struct Place { /* an object or list that is being walked through */
    uint32_t node;
    dom::object::iterator member, members_end;
    dom::array::iterator item, items_end;
};

/* What a thread keeps between lines. */
struct Reader {
    dom::parser parser;
    char *text = nullptr; /* a copy: simdjson reads a little past the end */
    size_t text_capacity = 0;
    Node *nodes = nullptr;
    size_t capacity = 0;
    uint32_t n = 0;
    uint32_t *names = nullptr; /* places of an object's members, to be sorted */
    size_t names_capacity = 0;
    Place *places = nullptr; /* PSP_LINE_DEPTH_MAX */
    uint32_t depth = 0;
    bool escaped = false; /* the line has a backslash */

    Reader() = default;
    Reader(const Reader &) = delete;
    Reader &operator=(const Reader &) = delete;
    ~Reader();
};

thread_local Reader this_thread;

template <typename T> bool grow(T *&array, size_t &capacity, size_t n, size_t first)
{
    if (n <= capacity)
        return true;
    size_t grown = capacity > 0 ? capacity : first;
    while (grown < n)
        grown *= 2;
    void *larger = std::realloc(array, grown * sizeof(T));
    if (larger == nullptr)
        return false;
    array = static_cast<T *>(larger);
    capacity = grown;
    return true;
}

template <typename T> void drop(T *&array, size_t &capacity)
{
    std::free(array);
    array = nullptr;
    capacity = 0;
}

void give_back(Reader &reader)
{
    reader.parser = dom::parser();
    drop(reader.text, reader.text_capacity);
    drop(reader.nodes, reader.capacity);
    drop(reader.names, reader.names_capacity);
}

Reader::~Reader()
{
    give_back(*this);
    std::free(places);
}

/* Room for the line, and for its parts in the parser. */
bool make_room(Reader &reader, size_t bytes)
{
    if (reader.text_capacity > 2 * PSP_LINE_KEPT_BYTES && bytes <= PSP_LINE_KEPT_BYTES)
        give_back(reader);
    if (reader.places == nullptr)
        reader.places = static_cast<Place *>(std::calloc(PSP_LINE_DEPTH_MAX, sizeof(Place)));
    if (reader.places == nullptr ||
        !grow(reader.text, reader.text_capacity, bytes + simdjson::SIMDJSON_PADDING, TEXT_FIRST))
        return false;
    /* One level more than we take: what is too deep is found while walking. */
    return reader.parser.capacity() >= bytes ||
           reader.parser.allocate(reader.text_capacity, PSP_LINE_DEPTH_MAX + 2) ==
               simdjson::SUCCESS;
}

/* Of a line with escapes: one may stand for NUL or for half of a pair of surrogates, which
 * some versions of simdjson let through. */
bool has_sound_escapes(std::string_view text)
{
    for (size_t i = 0; i < text.size(); i++) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte == 0 ||
            (byte == 0xED && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) > 0x9F))
            return false;
    }
    return true;
}

bool is_sound(const Reader &reader, std::string_view text)
{
    return !reader.escaped || has_sound_escapes(text);
}

/* ---- names that stand twice ---- */

bool is_same_name(const Node &one, const Node &other)
{
    return one.name_bytes == other.name_bytes &&
           std::memcmp(one.name, other.name, one.name_bytes) == 0;
}

/* Below 256; equal names have equal ones, others mostly not. */
unsigned mark_of(const Node &node)
{
    const size_t n = node.name_bytes;
    if (n == 0)
        return 0;
    const auto *at = reinterpret_cast<const unsigned char *>(node.name);
    return static_cast<unsigned>(n * 29 + at[0] * 7U + at[n / 2] * 13U + at[n - 1] * 37U) & 0xFF;
}

bool stands_before(const Reader &reader, uint32_t object, uint32_t at)
{
    for (uint32_t i = object + 1; i < at; i = reader.nodes[i].end)
        if (is_same_name(reader.nodes[i], reader.nodes[at]))
            return true;
    return false;
}

bool sorted_names_differ(Reader &reader, uint32_t object)
{
    size_t n = 0;
    for (uint32_t at = object + 1; at < reader.n; at = reader.nodes[at].end) {
        if (!grow(reader.names, reader.names_capacity, n + 1, NODES_FIRST))
            return false;
        reader.names[n++] = at;
    }
    const Node *nodes = reader.nodes;
    std::sort(reader.names, reader.names + n, [nodes](uint32_t a, uint32_t b) {
        const Node &one = nodes[a], &other = nodes[b];
        return one.name_bytes != other.name_bytes
                   ? one.name_bytes < other.name_bytes
                   : std::memcmp(one.name, other.name, one.name_bytes) < 0;
    });
    for (size_t i = 1; i < n; i++)
        if (is_same_name(nodes[reader.names[i - 1]], nodes[reader.names[i]]))
            return false;
    return true;
}

/* Of an object whose last member is the last node. */
bool names_differ(Reader &reader, uint32_t object)
{
    uint64_t marks[4] = {0, 0, 0, 0};
    uint32_t n = 0;
    for (uint32_t at = object + 1; at < reader.n; at = reader.nodes[at].end) {
        const unsigned mark = mark_of(reader.nodes[at]);
        const uint64_t bit = UINT64_C(1) << mark % 64;
        if ((marks[mark / 64] & bit) != 0 && stands_before(reader, object, at))
            return false;
        marks[mark / 64] |= bit;
        if (++n > NAMES_PAIRED)
            return sorted_names_differ(reader, object);
    }
    return true;
}

/* ---- from the tape to nodes ---- */

bool take_string(const Reader &reader, dom::element value, Node &node)
{
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS || !is_sound(reader, text))
        return false;
    node.kind = PSP_LINE_STRING;
    node.text = text.data();
    node.text_bytes = static_cast<uint32_t>(text.size());
    return true;
}

bool take_boolean(dom::element value, Node &node)
{
    bool is_true = false;
    if (value.get(is_true) != simdjson::SUCCESS)
        return false;
    node.kind = PSP_LINE_BOOLEAN;
    node.integer = is_true ? 1 : 0;
    return true;
}

bool enter_object(Reader &reader, dom::element value, Node &node)
{
    dom::object object;
    if (value.get(object) != simdjson::SUCCESS)
        return false;
    node.kind = PSP_LINE_OBJECT;
    Place &place = reader.places[reader.depth++];
    place.node = reader.n - 1;
    place.member = object.begin();
    place.members_end = object.end();
    return true;
}

bool enter_list(Reader &reader, dom::element value, Node &node)
{
    dom::array list;
    if (value.get(list) != simdjson::SUCCESS)
        return false;
    node.kind = PSP_LINE_LIST;
    Place &place = reader.places[reader.depth++];
    place.node = reader.n - 1;
    place.item = list.begin();
    place.items_end = list.end();
    return true;
}

/* One node more; of an object or list what is in it comes next. */
bool take(Reader &reader, std::string_view name, dom::element value)
{
    if (reader.depth == PSP_LINE_DEPTH_MAX ||
        !grow(reader.nodes, reader.capacity, size_t{reader.n} + 1, NODES_FIRST))
        return false;
    Node &node = reader.nodes[reader.n++];
    node.name = name.data();
    node.name_bytes = static_cast<uint32_t>(name.size());
    node.text = nullptr;
    node.text_bytes = 0;
    node.end = reader.n;
    switch (value.type()) {
    case dom::element_type::OBJECT:
        return enter_object(reader, value, node);
    case dom::element_type::ARRAY:
        return enter_list(reader, value, node);
    case dom::element_type::STRING:
        return take_string(reader, value, node);
    case dom::element_type::INT64:
        node.kind = PSP_LINE_INTEGER;
        return value.get(node.integer) == simdjson::SUCCESS;
    case dom::element_type::UINT64:
        return false; /* more than 63 bits */
    case dom::element_type::DOUBLE:
        node.kind = PSP_LINE_REAL;
        return true;
    case dom::element_type::BOOL:
        return take_boolean(value, node);
    case dom::element_type::NULL_VALUE:
        node.kind = PSP_LINE_NULL;
        return true;
    }
    return false;
}

/* False: all of it has been taken. */
bool take_next(Reader &reader, Place &place, bool *ret_good)
{
    if (reader.nodes[place.node].kind == PSP_LINE_OBJECT) {
        if (place.member == place.members_end)
            return false;
        const dom::key_value_pair field = *place.member;
        ++place.member;
        *ret_good = is_sound(reader, field.key) && take(reader, field.key, field.value);
        return true;
    }
    if (place.item == place.items_end)
        return false;
    const dom::element value = *place.item;
    ++place.item;
    *ret_good = take(reader, std::string_view(), value);
    return true;
}

bool walk(Reader &reader, dom::element root)
{
    reader.n = reader.depth = 0;
    bool good = take(reader, std::string_view(), root);
    while (good && reader.depth > 0) {
        Place &place = reader.places[reader.depth - 1];
        if (take_next(reader, place, &good))
            continue;
        Node &node = reader.nodes[place.node];
        node.end = reader.n;
        good = node.kind != PSP_LINE_OBJECT || names_differ(reader, place.node);
        reader.depth--;
    }
    return good;
}

/* A byte order mark, which newer simdjson (that of Debian 13) passes over. */
bool has_mark(const char *text, size_t bytes)
{
    return bytes >= 3 && std::memcmp(text, "\xEF\xBB\xBF", 3) == 0;
}

} // namespace

const struct psp_line_node *psp_line_nodes(const char *text, size_t bytes)
{
    Reader &reader = this_thread;
    dom::element root;
    if (bytes > UINT32_MAX / 2 || has_mark(text, bytes) || !make_room(reader, bytes))
        return nullptr;
    std::memcpy(reader.text, text, bytes);
    reader.escaped = std::memchr(text, '\\', bytes) != nullptr;
    if (reader.parser.parse(reader.text, bytes, false).get(root) != simdjson::SUCCESS ||
        !root.is_object() || !walk(reader, root))
        return nullptr;
    return reader.nodes;
}
