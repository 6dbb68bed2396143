/*
 * sim - runs simulated clusters from seeds; prints what was violated and how to
 * run it again. Seeds run in child processes, so that one that asserts or hangs
 * does not end the campaign.
 */
#include <argp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/mutants.h"
#include "tests/sim/world/world.h"

enum {
    JOBS_MAX = 16,
    FAILURES_MAX = 16,
    FAILURE_BYTES = 512,
    HANG_S = 120,
    TRIALS = 7, /* a mutant is hunted from so many first seeds */
    TRIALS_MAX = 99,
    MUTANT_SEEDS_MAX = 5000,
};

struct options {
    uint64_t first, seeds;
    uint32_t jobs, trials;
    uint32_t mutant; /* the last one named */
    bool chosen[SIM_MUTANTS];
    bool trace, one, twice, mutants, quiet;
};

struct worker {
    pid_t pid;
    _Atomic uint64_t seed; /* under way, + 1; 0 none */
    uint64_t seen, since_s;
};

/* Shared by all processes. */
struct campaign {
    _Atomic uint64_t next, done, failed;
    _Atomic uint64_t events, simulated_us, verdicts, busy_us;
    _Atomic uint64_t faults[SIM_FAULTS];
    _Atomic uint32_t failure_count;
    char failures[FAILURES_MAX][FAILURE_BYTES];
    struct worker workers[JOBS_MAX];
};

static uint64_t now_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

/* ---- one seed ---- */

struct outcome {
    bool violated;
    uint64_t hash, events, simulated_us, verdicts;
    struct sim_faults faults;
    char text[1024];
};

static void run_once(uint64_t seed, FILE *trace, struct outcome *ret_outcome)
{
    struct sim_world *world = sim_world_create(seed, trace);
    sim_world_run(world);
    ret_outcome->violated = world->violated;
    ret_outcome->hash = world->hash;
    ret_outcome->events = world->events;
    ret_outcome->simulated_us = world->ended_us;
    ret_outcome->verdicts = world->verdicts;
    ret_outcome->faults = world->faults;
    snprintf(ret_outcome->text, sizeof(ret_outcome->text), "%s", world->violation);
    sim_world_destroy(&world);
}

static void run_seed(uint64_t seed, bool twice, struct outcome *ret_outcome)
{
    run_once(seed, NULL, ret_outcome);
    if (!twice || ret_outcome->violated)
        return;
    struct outcome again;
    run_once(seed, NULL, &again);
    if (again.hash == ret_outcome->hash)
        return;
    ret_outcome->violated = true;
    snprintf(ret_outcome->text, sizeof(ret_outcome->text),
             "the same seed ran differently: %016" PRIx64 ", then %016" PRIx64, ret_outcome->hash,
             again.hash);
}

static int trace_seed(const struct options *options)
{
    struct outcome outcome;
    run_once(options->first, options->trace ? stdout : NULL, &outcome);
    printf("seed %" PRIu64 ": %s%s\n", options->first,
           outcome.violated ? "VIOLATION: " : "no violation", outcome.text);
    printf("trace hash %016" PRIx64 ", %" PRIu64 " events, %.1f s simulated, %" PRIu64
           " verdicts\n",
           outcome.hash, outcome.events, (double)outcome.simulated_us / 1e6, outcome.verdicts);
    for (uint32_t i = 0; i < SIM_FAULTS; i++)
        if (outcome.faults.counts[i] > 0)
            printf("  %-18s %6" PRIu64 "\n", sim_fault_name(i), outcome.faults.counts[i]);
    return outcome.violated ? 1 : 0;
}

/* ---- a campaign ---- */

static void report(struct campaign *campaign, uint64_t seed, const char *text)
{
    atomic_fetch_add(&campaign->failed, 1);
    const uint32_t at = atomic_fetch_add(&campaign->failure_count, 1);
    if (at < FAILURES_MAX)
        snprintf(campaign->failures[at], FAILURE_BYTES, "seed %" PRIu64 ": %.400s", seed, text);
}

static void work(struct campaign *campaign, struct worker *worker, const struct options *options)
{
    for (;;) {
        const uint64_t seed = atomic_fetch_add(&campaign->next, 1);
        if (seed >= options->first + options->seeds)
            _exit(0);
        atomic_store(&worker->seed, seed + 1);
        const uint64_t start_us = now_us();
        struct outcome outcome;
        run_seed(seed, options->twice, &outcome);
        atomic_fetch_add(&campaign->busy_us, now_us() - start_us);
        atomic_fetch_add(&campaign->events, outcome.events);
        atomic_fetch_add(&campaign->simulated_us, outcome.simulated_us);
        atomic_fetch_add(&campaign->verdicts, outcome.verdicts);
        for (uint32_t i = 0; i < SIM_FAULTS; i++)
            atomic_fetch_add(&campaign->faults[i], outcome.faults.counts[i]);
        atomic_fetch_add(&campaign->done, 1);
        if (outcome.violated)
            report(campaign, seed, outcome.text);
        atomic_store(&worker->seed, 0);
    }
}

static void start_worker(struct campaign *campaign, struct worker *worker,
                         const struct options *options)
{
    fflush(stdout);
    worker->since_s = now_us() / 1000000;
    const pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* no work for nobody */
        work(campaign, worker, options);
    }
    if (pid < 0) {
        perror("fork");
        exit(2);
    }
    worker->pid = pid; /* shared memory: the child must not write it */
}

/* True: this worker is done. */
static bool look_after(struct campaign *campaign, struct worker *worker,
                       const struct options *options)
{
    int status;
    const uint64_t seed = atomic_load(&worker->seed), now_s = now_us() / 1000000;
    if (seed != worker->seen) {
        worker->seen = seed;
        worker->since_s = now_s;
    }
    if (seed != 0 && now_s > worker->since_s + HANG_S)
        kill(worker->pid, SIGKILL);
    if (waitpid(worker->pid, &status, WNOHANG) != worker->pid)
        return false;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    char text[64] = "it ended by itself";
    if (WIFSIGNALED(status))
        snprintf(text, sizeof(text), "signal %d%s", WTERMSIG(status),
                 WTERMSIG(status) == SIGKILL ? ": it hung" : "");
    atomic_fetch_add(&campaign->done, 1);
    report(campaign, seed - 1, text);
    atomic_store(&worker->seed, 0);
    start_worker(campaign, worker, options);
    return false;
}

static void show_progress(const struct campaign *campaign, const struct options *options,
                          uint64_t start_us)
{
    const uint64_t done = atomic_load(&campaign->done);
    const double seconds = (double)(now_us() - start_us) / 1e6;
    fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " seeds, %.0f/s, %" PRIu64 " violations ", done,
            options->seeds, (double)done / (seconds + 1e-9), atomic_load(&campaign->failed));
}

static void run_workers(struct campaign *campaign, const struct options *options)
{
    const uint64_t start_us = now_us();
    const bool shows = isatty(STDERR_FILENO) && !options->quiet;
    bool ended[JOBS_MAX] = {false};
    uint32_t running = options->jobs;
    for (uint32_t i = 0; i < options->jobs; i++)
        start_worker(campaign, &campaign->workers[i], options);
    while (running > 0) {
        usleep(20000);
        for (uint32_t i = 0; i < options->jobs; i++)
            if (!ended[i] && look_after(campaign, &campaign->workers[i], options)) {
                ended[i] = true;
                running--;
            }
        if (shows)
            show_progress(campaign, options, start_us);
    }
    if (shows)
        fprintf(stderr, "\n");
}

static void show_result(const struct campaign *campaign, const struct options *options,
                        double seconds)
{
    uint64_t fired = 0;
    uint32_t kinds = 0;
    if (!options->quiet)
        printf("%-18s %12s  %s\n", "fault", "fired", "");
    for (uint32_t i = 0; i < SIM_FAULTS; i++) {
        const uint64_t count = atomic_load(&campaign->faults[i]);
        fired += count;
        kinds += count > 0;
        if (!options->quiet)
            printf("%-18s %12" PRIu64 "  %s\n", sim_fault_name(i), count, sim_fault_text(i));
    }
    const double simulated_s = (double)atomic_load(&campaign->simulated_us) / 1e6;
    printf("%" PRIu64 " seeds (%" PRIu64 " to %" PRIu64 "%s): %" PRIu64 " violations\n",
           atomic_load(&campaign->done), options->first, options->first + options->seeds - 1,
           options->twice ? ", each twice" : "", atomic_load(&campaign->failed));
    printf("%" PRIu64 " faults of %u kinds fired (of %u), %" PRIu64 " verdicts, %" PRIu64
           " events\n",
           fired, kinds, (unsigned)SIM_FAULTS, atomic_load(&campaign->verdicts),
           atomic_load(&campaign->events));
    printf("%.0f s simulated in %.1f s of real time: %.0f times\n", simulated_s, seconds,
           simulated_s / seconds);
    const uint32_t failures = atomic_load(&campaign->failure_count);
    for (uint32_t i = 0; i < failures && i < FAILURES_MAX; i++) {
        const char *text = campaign->failures[i];
        printf("%s\n    ./run sim --seed %" PRIu64 " --trace\n", text,
               (uint64_t)strtoull(text + strlen("seed "), NULL, 10));
    }
}

static struct campaign *new_campaign(const struct options *options)
{
    struct campaign *campaign =
        mmap(NULL, sizeof(*campaign), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (campaign == MAP_FAILED) {
        perror("mmap");
        exit(2);
    }
    atomic_store(&campaign->next, options->first);
    return campaign;
}

static int run_campaign(const struct options *options)
{
    struct campaign *campaign = new_campaign(options);
    const uint64_t start_us = now_us();
    run_workers(campaign, options);
    show_result(campaign, options, (double)(now_us() - start_us) / 1e6);
    const bool failed = atomic_load(&campaign->failed) > 0;
    munmap(campaign, sizeof(*campaign));
    return failed ? 1 : 0;
}

/* ---- mutants ---- */

/* Seeds that it took to catch it, 0: not caught. What caught it is in `ret_text`. */
static uint64_t hunt(uint32_t mutant, uint64_t first, char *ret_text, size_t size)
{
    for (uint64_t n = 0; n < MUTANT_SEEDS_MAX; n++) {
        int pipes[2];
        if (pipe(pipes) != 0)
            exit(2);
        fflush(stdout);
        const pid_t pid = fork();
        if (pid == 0) {
            struct outcome outcome;
            if (freopen("/dev/null", "w", stderr) == NULL) /* assertions */
                _exit(2);
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            sim_mutant_set(mutant);
            alarm(HANG_S);
            run_once(first + n, NULL, &outcome);
            if (outcome.violated && write(pipes[1], outcome.text, strlen(outcome.text)) < 0)
                _exit(2);
            _exit(outcome.violated ? 1 : 0);
        }
        close(pipes[1]);
        ssize_t length = read(pipes[0], ret_text, size - 1);
        close(pipes[0]);
        int status = 0;
        waitpid(pid, &status, 0);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            continue;
        if (length <= 0)
            length = snprintf(ret_text, size, "an assertion of the code itself");
        ret_text[length] = 0;
        return n + 1;
    }
    return 0;
}

static int by_number(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

static int run_mutants(const struct options *options)
{
    bool all = true;
    if (!sim_mutants_built()) {
        fprintf(stderr, "sim: this build has no mutants; use ./run sim --mutants\n");
        return 2;
    }
    printf("%-3s %-34s %7s %5s %5s  caught by\n", "", "mutant", "median", "min", "max");
    for (uint32_t m = 1; m < SIM_MUTANTS; m++) {
        if (options->mutant != 0 ? !options->chosen[m] : sim_mutant_by_schedule(m))
            continue;
        uint64_t seeds[TRIALS_MAX] = {0};
        char text[512] = "";
        uint32_t missed = 0;
        for (uint32_t t = 0; t < options->trials; t++) {
            seeds[t] = hunt(m, options->first + t * 1000000, text, sizeof(text));
            if (seeds[t] == 0) {
                seeds[t] = UINT64_MAX;
                missed++;
            }
        }
        qsort(seeds, options->trials, sizeof(seeds[0]), by_number);
        if (missed > 0)
            printf("%2u  %-34s NOT CAUGHT in %u of %u trials of %u seeds\n", m, sim_mutant_name(m),
                   missed, options->trials, MUTANT_SEEDS_MAX);
        else
            printf("%2u  %-34s %7" PRIu64 " %5" PRIu64 " %5" PRIu64 "  %.100s\n", m,
                   sim_mutant_name(m), seeds[options->trials / 2], seeds[0],
                   seeds[options->trials - 1], text);
        all = all && missed == 0;
        fflush(stdout);
    }
    return all ? 0 : 1;
}

/* ---- the command line ---- */

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case 's':
        options->one = true;
        options->first = strtoull(value, NULL, 10);
        return 0;
    case 'n':
        options->seeds = strtoull(value, NULL, 10);
        return 0;
    case 'f':
        options->first = strtoull(value, NULL, 10);
        return 0;
    case 'j':
        options->jobs = (uint32_t)strtoul(value, NULL, 10);
        if (options->jobs == 0 || options->jobs > JOBS_MAX)
            argp_error(state, "--jobs: 1 to %d", JOBS_MAX);
        return 0;
    case 't':
        options->trace = true;
        return 0;
    case '2':
        options->twice = true;
        return 0;
    case 'q':
        options->quiet = true;
        return 0;
    case 'm':
        options->mutant = (uint32_t)strtoul(value, NULL, 10);
        if (options->mutant >= SIM_MUTANTS)
            argp_error(state, "--mutant: 0 to %d", SIM_MUTANTS - 1);
        options->chosen[options->mutant] = true;
        return 0;
    case 'T':
        options->trials = (uint32_t)strtoul(value, NULL, 10);
        if (options->trials == 0 || options->trials > TRIALS_MAX)
            argp_error(state, "--trials: 1 to %d", TRIALS_MAX);
        return 0;
    case 'M':
        options->mutants = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp_option list[] = {
        {"seed", 's', "N", 0, "run this seed alone", 0},
        {"trace", 't', NULL, 0, "with --seed: print everything that happens", 0},
        {"seeds", 'n', "N", 0, "a campaign of N seeds (1000)", 0},
        {"first", 'f', "S", 0, "starting with S (1)", 0},
        {"jobs", 'j', "N", 0, "in N processes (2)", 0},
        {"twice", '2', NULL, 0, "run each seed twice and compare the trace hashes", 0},
        {"quiet", 'q', NULL, 0, "no table of faults", 0},
        {"mutants", 'M', NULL, 0, "how many seeds catch each deliberate defect", 0},
        {"mutant", 'm', "N", 0,
         "with this deliberate defect (with --mutants: only this; may be given again)", 0},
        {"trials", 'T', "N", 0, "with --mutants: so many hunts for each (7)", 0},
        {0}};
    static const struct argp argp = {
        .options = list,
        .parser = parse_option,
        .doc = "Simulates whole clusters from seeds. Exit codes: 0 no violation, 1 violations, 2 "
               "usage.",
    };
    struct options options = {.first = 1, .seeds = 1000, .jobs = 2, .trials = TRIALS};
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    if (options.mutants)
        return run_mutants(&options);
    /* Every seed makes and drops many tables of which it touches little. */
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    sim_mutant_set(options.mutant);
    return options.one ? trace_seed(&options) : run_campaign(&options);
}
