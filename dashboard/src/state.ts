// What the page shows now: the answers it got, and how it gets new ones.
import { batch, computed, signal } from '@preact/signals';
import { ApiError, get, getAll, speak } from './api/fetch.ts';
import type {
  Accounting,
  BoardEvent,
  Choice,
  Contest,
  Contests,
  Election,
  Envelope,
  Leaders,
  OneUnit,
  Result,
  Results,
  Series,
  Shard,
  Shards,
  Turnout,
  Turnouts,
  Unit,
  Units,
} from './api/types.ts';
import { keepTime } from './format.ts';
import { link, route } from './route.ts';
import { lines, same } from './race.ts';
import { text } from './text/index.ts';
import { wished } from './text/language.ts';

// ---- the answers ----

export const election = signal<Election | null>(null);
export const contests = signal<Contest[]>([]);
export const result = signal<Result | undefined>(undefined);
export const turnout = signal<Turnout | undefined>(undefined);
export const baseline = signal<{ at: number; result: Result } | null>(null);
export const places = signal<Result[]>([]);
export const placesTotal = signal<number | null>(null);
export const nextCursor = signal<string | null>(null);
export const cursors = signal<(string | null)[]>([null]);
export const methods = signal<Result[]>([]);
export const leaders = signal<Leaders | null>(null);
export const series = signal<Series | null>(null);
export const accounting = signal<Accounting | null>(null);
export const shards = signal<{ at: number; list: Shard[] } | null>(null);
export const newest = signal<Envelope | null>(null);
export const state = signal<Election['election']['state']>('new');
// Whether no vote here is one: said by every answer, so by the first.
export const test = computed(() => (newest.value ?? election.value)?.mode === 'test');
// Whether votes are shown as of reports, which every answer says, too.
export const byReport = computed(() => (newest.value ?? election.value)?.publication === 'reports');

// ---- what is wrong ----

export type Trouble = { kind: 'offline' | 'unreachable' | 'refused' | 'missing'; detail: string };
export const trouble = signal<Trouble | null>(null);

export function blame(error: unknown): void {
  const detail = error instanceof Error ? error.message : String(error);
  if (error instanceof ApiError) trouble.value = { kind: error.status === 404 ? 'missing' : 'refused', detail };
  else trouble.value = { kind: navigator.onLine === false ? 'offline' : 'unreachable', detail };
}

// ---- where the reader is ----

export const contest = computed(() => contests.value.find((c) => c.id === route.value.contest) ?? null);
export const unitId = computed(() => route.value.unit || contest.value?.unit || '');

// The total, once it is of what the reader looks at.
export const shown = computed(() => {
  const now = result.value;
  const matches =
    now && now.contest === contest.value?.id && now.unit === unitId.value && (now.method ?? '') === route.value.method;
  return matches ? now : undefined;
});

// Who can win, by the first line of each, most votes first: changes only when somebody is overtaken,
// so that tables and the map are not made again for every count.
const order = computed(() =>
  contest.value
    ? lines(contest.value, shown.value)
        .filter((line) => line.racing)
        .map((line) => line.choice.id)
        .join('\n')
    : '',
);
export const ranking = computed((): Choice[] => {
  const known = contest.value?.choices ?? [];
  return order.value.split('\n').flatMap((id) => known.find((c) => c.id === id) ?? []);
});

// The unit, the units above it, and what is listed below it. Where a unit has
// only one child (a state election under its nation) the list starts further
// down, so that it is not one line that says the same again.
export interface Scope {
  unit: Unit;
  path: { id: string; name: string }[];
  below: Unit;
  levels: string[];
}
export const scope = signal<Scope | null>(null);
export const level = computed(() => {
  const levels = scope.value?.levels ?? [];
  return levels.includes(route.value.level) ? route.value.level : (levels[0] ?? null);
});

// Of all ballots in a place of the list, as the map has it; undefined: not loaded.
export function progressOf(id: string): { shown: number; expected: number | null; over: number } | undefined {
  const data = leaders.value,
    list = units.value?.list;
  const i = units.value?.places.get(id);
  if (!data || i === undefined || data.unit !== scope.value?.below.id || data.shown.length !== list?.length)
    return undefined;
  return { shown: data.shown[i]!, expected: data.expected[i] ?? null, over: data.units_over[i]! };
}

// Units of the list as they never change: for the map, turnout and what is out.
export const UNITS_MAX = 5000;
export const units = signal<{
  key: string;
  list: Unit[];
  byId: Map<string, Unit>;
  places: Map<string, number>;
  parents: Map<string, string>;
} | null>(null);
// Those that have units, top to bottom.
const knownLevels = (): string[] => (election.value?.election.levels ?? []).map((l) => l.level);
// As the title of a list.
export const levelTitle = (id: string): string =>
  election.value?.election.levels.find((l) => l.level === id)?.plural ?? text.places;

async function loadScope(id: string): Promise<Scope> {
  const { unit }: OneUnit = await get(`units/${encodeURIComponent(id)}`);
  let below: Unit = unit;
  while (below.children === 1) {
    const only: Units = await get('units', { parent: below.id, limit: 1 });
    const child = only.units[0];
    if (!child || child.leaf) break;
    below = child;
  }
  const known = knownLevels();
  const under = known.slice(known.indexOf(below.level) + 1);
  const levels: string[] = [];
  for (const name of unit.leaf ? [] : under) {
    const some: Units = await get('units', { parent: below.id, level: name, limit: 1 });
    if (some.units.length > 0) levels.push(name);
  }
  return {
    unit,
    path: [...unit.path.map((above) => ({ id: above.unit, name: above.unit_name })), unit],
    below,
    levels,
  };
}

async function loadUnits(key: string, parent: string, at: string): Promise<void> {
  const first: Turnouts = await get('turnout', { unit: parent, level: at, limit: 1 });
  if (first.total > UNITS_MAX) {
    units.value = { key, list: [], byId: new Map(), places: new Map(), parents: new Map() };
    return;
  }
  const list = (await getAll<Units>('units', { parent, level: at })).flatMap((page) => page.units);
  // Names repeat (there are 31 Washington Counties): then it says whose they are.
  const known = knownLevels();
  const above = known[known.indexOf(at) - 1];
  const outer =
    list.some((u) => u.parent !== parent) && above
      ? (await getAll<Units>('units', { parent, level: above })).flatMap((page) => page.units)
      : [];
  units.value = {
    key,
    list,
    byId: new Map(list.map((u) => [u.id, u])),
    places: new Map(list.map((u, i) => [u.id, i])),
    parents: new Map(outer.map((u) => [u.id, u.name])),
  };
}

// ---- one place for every new total, whether it was asked for or sent ----

const WINDOW_MS = 10_000;
let pending: { at: number; result: Result } | null = null;

// Live, many versions come a second; "what changed" then means the last ten to
// twenty seconds. Otherwise it means since the refresh before.
function noteBaseline(now: Result, live: boolean): void {
  const at = Date.now();
  if (!pending || !same(pending.result, now)) {
    pending = { at, result: now };
    baseline.value = null;
  } else if (!live || at - pending.at >= WINDOW_MS) {
    if (JSON.stringify(pending.result) === JSON.stringify(now) && !live) return;
    baseline.value = pending;
    pending = { at, result: now };
  }
}

const SERIES_EXTRA_MAX = 960;
function extendSeries(now: Result, asOf: string | null): void {
  const kept = series.value;
  if (!kept || !asOf || !now.choices || kept.contest !== now.contest || kept.unit !== now.unit || now.method) return;
  const last = kept.points.at(-1);
  const votes = new Map(now.choices.map((c) => [c.choice, c.votes]));
  const point = { at: asOf, ballots: now.ballots, votes: kept.choices.map((id) => votes.get(id) ?? 0) };
  if (last && last.ballots === point.ballots) return;
  const replace = last && Date.parse(asOf) - Date.parse(last.at) < 1000 && kept.points.length > 1;
  series.value = {
    ...kept,
    points: [...(replace ? kept.points.slice(0, -1) : kept.points), point].slice(-SERIES_EXTRA_MAX),
  };
}

export function take(now: Result | undefined, turn: Turnout | undefined, envelope: Envelope, live: boolean): void {
  batch(() => {
    if (now) {
      noteBaseline(now, live);
      extendSeries(now, envelope.as_of);
    }
    result.value = now;
    turnout.value = turn;
    newest.value = envelope;
  });
}

export function takeEvent(event: BoardEvent): void {
  batch(() => {
    take(event.result ?? undefined, event.turnout, event, true);
    takeShards(event);
    state.value = event.state;
    trouble.value = null;
  });
}

export function takeShards(answer: Shards): void {
  batch(() => {
    shards.value = { at: Date.now(), list: answer.shards };
    if (newest.value) newest.value = { ...newest.value, stale: answer.stale };
  });
}

// ---- asking ----

async function loadOnce(): Promise<void> {
  if (!election.value) {
    const { election: named } = await get<Election>('election');
    speak(named.languages, wished);
    keepTime(named.time_zone);
  }
  const [about, pages] = await Promise.all([
    get<Election>('election'),
    contests.value.length ? null : getAll<Contests>('contests', {}),
  ]);
  batch(() => {
    election.value = about;
    state.value = about.election.state;
    if (pages) contests.value = pages.flatMap((page) => page.contests);
    newest.value ??= about;
  });
  if (!route.value.contest && contests.value[0]) location.replace(link({ contest: contests.value[0].id }));
}

async function loadPlace(): Promise<void> {
  const unit = unitId.value;
  if (scope.value?.unit.id !== unit) scope.value = await loadScope(unit);
}

// The total: what a board event has as well.
async function loadTotal(chosen: Contest): Promise<void> {
  const { unit } = scope.value!;
  const [one, turn, health] = await Promise.all([
    get<Results>('results', { contest: chosen.id, unit: unit.id, level: unit.level, method: route.value.method }),
    get<Turnouts>('turnout', { unit: unit.id, level: unit.level }),
    get<Shards>('shards'),
  ]);
  take(
    one.results.find((r) => r.unit === unit.id),
    turn.turnout.find((t) => t.unit === unit.id),
    one,
    false,
  );
  takeShards(health);
}

async function loadList(chosen: Contest): Promise<void> {
  const { method, sort, order, size } = route.value;
  const at = scope.value!;
  const listed = level.value;
  const many = (election.value?.election.methods.length ?? 0) > 1;
  const [list, by, books] = await Promise.all([
    listed
      ? get<Results>('results', {
          contest: chosen.id,
          unit: at.below.id,
          level: listed,
          method,
          sort,
          order,
          limit: size,
          cursor: cursors.value.at(-1),
        })
      : null,
    many ? get<Results>('results', { contest: chosen.id, unit: at.unit.id, level: at.unit.level, by: 'method' }) : null,
    get<Accounting>('accounting'),
  ]);
  batch(() => {
    places.value = list?.results ?? [];
    placesTotal.value = list?.total ?? null;
    nextCursor.value = list?.next_cursor ?? null;
    methods.value = by?.results.filter((r) => r.unit === at.unit.id) ?? [];
    accounting.value = books;
  });
}

export async function loadMap(): Promise<void> {
  const chosen = contest.value,
    at = scope.value,
    listed = level.value;
  if (!chosen || !at || !listed) {
    leaders.value = null;
    return;
  }
  const key = `${at.below.id} ${listed}`;
  if (units.value?.key !== key) await loadUnits(key, at.below.id, listed);
  if (!units.value?.list.length) {
    leaders.value = null;
    return;
  }
  const shown = route.value.map.startsWith('share:') ? route.value.map.slice(6) : '';
  const choice = chosen.choices.some((c) => c.id === shown) ? shown : '';
  leaders.value = await get<Leaders>('leaders', {
    contest: chosen.id,
    unit: at.below.id,
    level: listed,
    method: route.value.method,
    choice,
  });
}

// Of the contest's own unit, which the series is of; null: not known.
export const seriesRegistered = signal<number | null>(null);

export async function loadSeries(): Promise<void> {
  const chosen = contest.value;
  if (!chosen) return;
  const [points, { unit }] = await Promise.all([
    get<Series>('series', { contest: chosen.id }),
    get<OneUnit>(`units/${encodeURIComponent(chosen.unit)}`),
  ]);
  const { turnout: all } = await get<Turnouts>('turnout', { unit: unit.id, level: unit.level });
  batch(() => {
    seriesRegistered.value = all.find((t) => t.unit === unit.id)?.registered ?? null;
    series.value = points;
  });
}

// Everything that is shown. Asked again while it runs, it runs once more.
let running = false;
let again = false;
async function loadAll(total: boolean): Promise<void> {
  await loadOnce();
  const chosen = contest.value;
  if (route.value.contest && !chosen) throw new ApiError(404, '');
  if (!chosen) return;
  await loadPlace();
  await Promise.all([total ? loadTotal(chosen) : null, loadList(chosen), loadMap()]);
}

export async function refresh(total = true): Promise<void> {
  if (running) {
    again = true;
    return;
  }
  running = true;
  try {
    await loadAll(total);
    trouble.value = null;
  } catch (error) {
    blame(error);
  } finally {
    running = false;
    if (again) {
      again = false;
      void refresh();
    }
  }
}

export function page(step: 'first' | 'next' | 'previous'): void {
  if (step === 'first') cursors.value = [null];
  if (step === 'next' && nextCursor.value) cursors.value = [...cursors.value, nextCursor.value];
  if (step === 'previous' && cursors.value.length > 1) cursors.value = cursors.value.slice(0, -1);
  void refresh(false);
}
