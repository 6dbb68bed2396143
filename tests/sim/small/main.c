/*
 * psephos-small - looks at every state that three consensus nodes can reach
 * within a budget of events (model.h). Depth first; a state seen before is not
 * looked at again. States are told apart by a hash of 128 bits, of which the
 * table keeps 64 beside the place.
 */
#include <argp.h>
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "tests/sim/small/model.h"

#ifdef PSP_MUTANTS
int psp_mutant;
#endif

enum { DEPTH_MAX = 256 };

struct level {
    struct small_world world;
    struct small_event events[SMALL_EVENTS_MAX];
    uint32_t count, next;
    uint32_t node; /* that the event under way changes */
    uint8_t heap[SMALL_HEAP_BYTES];
};

struct search {
    uint64_t *seen; /* 0: free */
    uint64_t slots, states, steps, deepest;
    struct level *levels;
};

struct options {
    struct small_budget budget;
    bool trims, elected;
    uint32_t table_bits;
    uint64_t walks; /* 0: every state */
};

/* True: new. */
static bool remember(struct search *search, const struct small_world *world)
{
    uint64_t hash[2];
    small_hash(world, hash);
    const uint64_t mark = hash[0] | 1;
    uint64_t at = hash[1] & (search->slots - 1);
    while (search->seen[at] != 0) {
        if (search->seen[at] == mark)
            return false;
        at = (at + 1) & (search->slots - 1);
    }
    search->seen[at] = mark;
    search->states++;
    if (search->states > search->slots / 10 * 9) {
        fprintf(stderr, "the table is full after %" PRIu64 " states: not complete\n",
                search->states);
        exit(2);
    }
    return true;
}

static void show_way(const struct search *search, uint32_t depth)
{
    for (uint32_t d = 0; d <= depth; d++) {
        const struct level *level = &search->levels[d];
        small_describe(&level->world, &level->events[level->next - 1]);
    }
    printf("VIOLATION: %s\n", small_violation());
}

static void enter(struct search *search, uint32_t depth, const struct small_world *world)
{
    assert(depth < DEPTH_MAX);
    struct level *level = &search->levels[depth];
    level->world = *world;
    level->count = small_events(world, level->events);
    level->next = 0;
    if (depth > search->deepest)
        search->deepest = depth;
}

/* False: a violation, shown. */
static bool look_at_all(struct search *search, const struct options *options)
{
    struct small_world world;
    small_world_init(&world, options->budget, options->trims);
    if (options->elected)
        small_elect(&world);
    remember(search, &world);
    uint32_t depth = 0;
    enter(search, 0, &world);
    for (;;) {
        struct level *level = &search->levels[depth];
        if (level->next == level->count) {
            if (depth == 0)
                return true;
            depth--;
            small_heap_restore(search->levels[depth].node, search->levels[depth].heap);
            continue;
        }
        const struct small_event *event = &level->events[level->next++];
        level->node = event->node;
        small_heap_save(event->node, level->heap);
        world = level->world;
        search->steps++;
        small_step(&world, event);
        if (small_violation()[0] != 0) {
            show_way(search, depth);
            return false;
        }
        if (remember(search, &world))
            enter(search, ++depth, &world);
        else
            small_heap_restore(event->node, level->heap);
    }
}

/* Any event that is possible, again and again: reaches far beyond what can be
 * looked at whole. False: a violation, shown. */
static bool walk(struct search *search, const struct options *options)
{
    uint64_t random = 1;
    for (uint64_t w = 0; w < options->walks; w++) {
        struct small_world world;
        small_heap_init();
        small_world_init(&world, options->budget, options->trims);
        for (uint32_t depth = 0; depth < DEPTH_MAX; depth++) {
            enter(search, depth, &world);
            struct level *level = &search->levels[depth];
            if (level->count == 0)
                break;
            random = random * 6364136223846793005U + 1442695040888963407U;
            level->next = 1 + (uint32_t)((random >> 33) % level->count);
            search->steps++;
            small_step(&world, &level->events[level->next - 1]);
            if (small_violation()[0] != 0) {
                show_way(search, depth);
                printf("walk %" PRIu64 "\n", w);
                return false;
            }
        }
    }
    return true;
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct options *options = state->input;
    const uint8_t number = value == NULL ? 0 : (uint8_t)strtoul(value, NULL, 10);
    switch (key) {
    case 'e':
        options->budget.entries = number;
        return 0;
    case 'c':
        options->budget.crashes = number;
        return 0;
    case 't':
        options->budget.timeouts = number;
        return 0;
    case 'b':
        options->budget.beats = number;
        return 0;
    case 'w':
        options->walks = strtoull(value, NULL, 10);
        return 0;
    case 'l':
        options->elected = true;
        return 0;
    case 'p':
        options->trims = true;
        return 0;
    case 'm':
#ifdef PSP_MUTANTS
        psp_mutant = number;
#endif
        return 0;
    case 's':
        options->table_bits = number;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp_option list[] = {
        {"entries", 'e', "N", 0, "entries that leaders are given (2)", 0},
        {"crashes", 'c', "N", 0, "crashes (2)", 0},
        {"timeouts", 't', "N", 0, "election timeouts (2)", 0},
        {"beats", 'b', "N", 0, "heartbeats (0)", 0},
        {"elected", 'l', NULL, 0, "a leader is elected first, without any fault", 0},
        {"parts", 'p', NULL, 0, "a message may carry fewer entries", 0},
        {"mutant", 'm', "N", 0, "with this deliberate defect", 0},
        {"walks", 'w', "N", 0, "instead of every state, N ways at random", 0},
        {"table", 's', "BITS", 0, "room for 2^BITS states (26)", 0},
        {0}};
    static const struct argp argp = {
        .options = list,
        .parser = parse_option,
        .doc = "Every state of three consensus nodes. Exit codes: 0 all seen, no violation; 1 a "
               "violation; 2 usage, or the table is full."};
    struct options options = {.budget = {.timeouts = 2, .crashes = 2, .entries = 2},
                              .table_bits = 26};
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    struct search search = {.slots = (uint64_t)1 << options.table_bits};
    search.seen = mmap(NULL, search.slots * sizeof(uint64_t), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    search.levels = calloc(DEPTH_MAX, sizeof(*search.levels));
    assert(search.seen != MAP_FAILED && search.levels != NULL);
    small_heap_init();
    const clock_t begin = clock();
    const bool good = options.walks > 0 ? walk(&search, &options) : look_at_all(&search, &options);
    printf("%u entries, %u crashes, %u timeouts, %u heartbeats%s: %" PRIu64 " states, %" PRIu64
           " steps, %" PRIu64 " deep, %.1f s: %s\n",
           options.budget.entries, options.budget.crashes, options.budget.timeouts,
           options.budget.beats, options.trims ? ", messages in parts" : "", search.states,
           search.steps, search.deepest, (double)(clock() - begin) / CLOCKS_PER_SEC,
           good ? "complete, no violation" : "a violation");
    munmap(search.seen, search.slots * sizeof(uint64_t));
    free(search.levels);
    return good ? 0 : 1;
}
