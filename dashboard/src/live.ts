// How new results come: by events as they are published, every few seconds, or
// when the reader asks; and how long a counted ballot took to the screen.
import { computed, effect, signal, untracked } from '@preact/signals';
import { address, isStatic } from './api/fetch.ts';
import { embedded } from './embed.ts';
import type { BoardEvent, Shards } from './api/types.ts';
import { route } from './route.ts';
import {
  blame,
  contest,
  cursors,
  loadSeries,
  newest,
  offer,
  refresh,
  takeShards,
  tookMs,
  topContest,
  trouble,
  unitId,
  units,
} from './state.ts';

export type Mode = 'live' | 'paused' | 5 | 10 | 30 | 60;
// Files send no events: they are asked again.
export const modes: Mode[] = [...(isStatic ? [] : (['live'] as const)), 5, 10, 30, 60, 'paused'];
export const mode = signal<Mode>(embedded ? 10 : isStatic ? 5 : 'live');
export const connected = signal(false);

// ---- count to screen ----

const DELAYS_MAX = 2000;
const delays: number[] = [];
export const delay = signal<{ p50: number; p99: number; n: number } | null>(null);

// From the time a leader gave the newest ballot to the frame after the one that
// shows it. Both clocks must agree: on one machine, or kept by NTP.
function measure(asOf: string): void {
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      const ms = performance.timeOrigin + performance.now() - Date.parse(asOf);
      if (ms < 0 || ms > 60_000) return;
      delays.push(ms);
      if (delays.length > DELAYS_MAX) delays.shift();
      if (delays.length % 10 !== 0) return;
      const sorted = [...delays].sort((a, b) => a - b);
      const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
      delay.value = { p50: at(0.5), p99: at(0.99), n: sorted.length };
    }),
  );
}

// ---- the stream ----

// The total comes with the event, the lists are asked for, and all are shown together: as
// soon as may be, and the less often the longer the collector takes.
const REST_MIN_MS = 250;
const REST_MAX_MS = 2000;
const REST_LARGE_MS = 5000; // with a thousand places and more
const REST_OF_TOOK = 10;
const JITTER_OF_REST = 0.25; // so that a thousand viewers do not ask at once
const POLL_MS = 5000; // while there is no stream
const RETRY_MS = 15_000;
const SILENT_MS = 30_000; // heartbeats come every 12 s

function restMs(): number {
  const large = (units.value?.list.length ?? 0) > 1000;
  const most = large ? REST_LARGE_MS : REST_MAX_MS;
  const rest = Math.min(most, Math.max(large ? REST_MAX_MS : REST_MIN_MS, REST_OF_TOOK * tookMs));
  return rest * (1 + JITTER_OF_REST * Math.random());
}

const question = computed(() =>
  contest.value
    ? address('stream', { contest: contest.value.id, unit: unitId.value, method: route.value.method })
    : topContest.value && !route.value.contest
      ? address('stream', { contest: topContest.value.id, unit: topContest.value.unit })
      : '',
);

function listen(asked: string): () => void {
  const stream = new EventSource(asked);
  let due: ReturnType<typeof setTimeout> | undefined;
  let poll: ReturnType<typeof setInterval> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let restAt = 0,
    first = true;
  const rest = () => {
    due ??= setTimeout(
      () => {
        due = undefined;
        restAt = Date.now();
        void refresh();
      },
      Math.max(0, restAt + restMs() - Date.now()),
    );
  };
  // A connection can be dead without a word, as when the network goes.
  let heardAt = Date.now();
  const silence = setInterval(() => {
    if (Date.now() - heardAt > SILENT_MS) restart.value++;
  }, POLL_MS);
  const stopPolling = () => {
    clearInterval(poll);
    poll = undefined;
  };
  // Resumed where it was, the stream says nothing until something is new: what
  // was wrong must not stay on the screen until then.
  stream.addEventListener('open', () => {
    connected.value = true;
    stopPolling();
    if (trouble.value) void refresh();
  });
  stream.addEventListener('board', (message) => {
    const event: BoardEvent = JSON.parse((message as MessageEvent<string>).data);
    heardAt = Date.now();
    offer(event);
    if (first) void loadSeries().catch(() => {});
    first = false;
    rest();
  });
  stream.addEventListener('shards', (message) => {
    heardAt = Date.now();
    takeShards(JSON.parse((message as MessageEvent<string>).data) as Shards);
  });
  stream.addEventListener('error', () => {
    connected.value = false;
    if (stream.readyState !== EventSource.CLOSED) void refresh(); // says what is wrong
    poll ??= setInterval(() => void refresh(), POLL_MS);
    // Refused (too many viewers): the browser does not try again by itself.
    if (stream.readyState === EventSource.CLOSED)
      retry ??= setTimeout(() => {
        if (mode.value === 'live') restart.value++;
      }, RETRY_MS);
  });
  return () => {
    stream.close();
    connected.value = false;
    stopPolling();
    clearInterval(silence);
    clearTimeout(due);
    clearTimeout(retry);
  };
}

// How long the newest count took, once there is one to compare with: the first may be of
// any age, and with an old time another shard has moved.
let lastAsOf = '';
effect(() => {
  const asOf = newest.value?.as_of;
  if (!asOf || asOf <= lastAsOf) return;
  if (lastAsOf && untracked(() => connected.value)) measure(asOf);
  lastAsOf = asOf;
});

const restart = signal(0);
const visible = signal(!document.hidden);
document.addEventListener('visibilitychange', () => {
  visible.value = !document.hidden;
});
addEventListener('offline', () => blame(new Error('offline')));
addEventListener('online', () => void refresh());

export function start(): void {
  let place = '',
    list = '';
  effect(() => {
    const { contest: id, unit, method, level, sort, order, size, map } = route.value;
    const nextPlace = JSON.stringify([id, unit, method]);
    const nextList = JSON.stringify([nextPlace, level, sort, order, size]);
    if (nextList !== list) cursors.value = [null];
    if (nextPlace !== place && !embedded) untracked(() => void loadSeries().catch(() => {}));
    place = nextPlace;
    list = nextList;
    void map;
    untracked(() => void refresh());
  });
  // Hidden tabs let go of their stream: browsers allow six connections to a host.
  effect(() => {
    const how = mode.value;
    void restart.value;
    if (!visible.value || how === 'paused') return undefined;
    if (how !== 'live') {
      const timer = setInterval(() => void refresh(), how * 1000);
      return () => clearInterval(timer);
    }
    const asked = question.value;
    return asked ? untracked(() => listen(asked)) : undefined;
  });
  // Before the first answer there is no contest to listen to.
  const first = setInterval(() => {
    if (question.value) clearInterval(first);
    else if (visible.value) void refresh();
  }, POLL_MS);
}
