// What the page shows now: the answers it got, and how it gets new ones.
import { batch, computed, signal } from '@preact/signals';
import { ApiError, get, getAll, isGone, pin, speak } from './api/fetch.ts';
import type {
  Accounting,
  BoardEvent,
  Choice,
  Contest,
  Contests,
  Election,
  Envelope,
  Leaders,
  OneCandidate,
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
import { embedded } from './embed.ts';
import { keepTime } from './format.ts';
import { headId, loadOverview } from './overview.ts';
import { go, link, route } from './route.ts';
import { lines, same, turnoutIn } from './race.ts';
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
export const candidate = signal<OneCandidate | null>(null);
export const shards = signal<{ at: number; list: Shard[] } | null>(null);
export const newest = signal<Envelope | null>(null);
export const state = signal<Election['election']['state']>('new');
// Whether no vote here is one: said by every answer, so by the first.
export const test = computed(() => (newest.value ?? election.value)?.mode === 'test');
// Nothing can change any more.
export const settled = computed(() => {
  const about = election.value?.election;
  return about?.state === 'closed' && about.leaves_reporting === about.leaves;
});
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
// Of the overview: the contest at its top, and that one if it is of the whole election.
export const topContest = computed(() => contests.value.find((c) => c.id === headId.value) ?? null);
export const headContest = computed(() =>
  topContest.value && topContest.value.unit === election.value?.election.root ? topContest.value : null,
);
export const headResult = computed(() => {
  const now = result.value,
    of = headContest.value;
  return now && now.contest === of?.id && now.unit === of.unit && now.method === null ? now : undefined;
});
export const unitId = computed(() => route.value.unit || contest.value?.unit || '');

// The total, once it is of what the reader looks at.
export const shown = computed(() => {
  const now = result.value;
  const matches =
    now && now.contest === contest.value?.id && now.unit === unitId.value && (now.method ?? '') === route.value.method;
  return matches ? now : undefined;
});

// What is known of the ballots that have the contest, where the total is of.
export function turnoutFor(now: Result): Turnout | undefined {
  const turn = turnout.value,
    at = scope.value?.unit,
    all = election.value?.election;
  const leaves = now.unit === at?.id ? at.leaves : now.unit === all?.root ? all.leaves : now.units_total;
  return turn && turn.unit === now.unit ? turnoutIn(now, turn, leaves, state.value === 'closed') : undefined;
}

// Who can win, by the first line of each, with the candidate's name, most votes first: changes
// only when somebody is overtaken, so that tables and the map are not made again for every count.
const order = computed(() =>
  contest.value
    ? lines(contest.value, shown.value)
        .filter((line) => line.racing)
        .map((line) => `${line.choice.id}\t${line.name}`)
        .join('\n')
    : '',
);
export const ranking = computed((): Choice[] => {
  const known = contest.value?.choices ?? [];
  return order.value.split('\n').flatMap((entry) => {
    const [id, name] = entry.split('\t');
    const choice = known.find((c) => c.id === id);
    return choice ? { ...choice, name: name ?? choice.name } : [];
  });
});
// Of whoever stands on the line: a candidate's own name, not that of one of the lines.
export const nameOf = (choice: Choice): string =>
  ranking.value.find((c) => c.id === choice.id || (c.candidate !== null && c.candidate === choice.candidate))?.name ??
  choice.name;

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
  // Of ballots that have not all the contest nothing is known.
  const whole =
    data.units_total[i] === list![i]!.leaves && (data.ballots[i]! >= data.shown[i]! || !!route.value.method);
  if (!whole) return { shown: data.ballots[i]!, expected: null, over: data.units_over[i]! };
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
  above: Map<string, Unit>; // the units above those listed, by ID
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
    units.value = { key, list: [], byId: new Map(), places: new Map(), parents: new Map(), above: new Map() };
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
    above: new Map([scope.value!.below, ...outer].map((u) => [u.id, u])),
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
  if (now) {
    noteBaseline(now, live);
    extendSeries(now, envelope.as_of);
  }
  result.value = now;
  turnout.value = turn;
  newest.value = envelope;
}

// Of a shard that is shown as of a version only what tells how fresh it is moves on.
export function takeShards(answer: Shards): void {
  const old = newest.value?.version.id === answer.version.id ? undefined : shards.value?.list;
  const list = answer.shards.map((now) => {
    const was = old?.find((s) => s.shard === now.shard);
    return was ? { ...now, epoch: was.epoch, index: was.index, ballots: was.ballots, behind: was.behind } : now;
  });
  batch(() => {
    shards.value = { at: Date.now(), list };
    if (newest.value) newest.value = { ...newest.value, stale: answer.stale };
  });
}

// ---- asking: parts are loaded one by one and shown together ----

type Show = () => void;

async function loadOnce(): Promise<void> {
  if (contests.value.length > 0) return;
  const { election: named } = await get<Election>('election');
  speak(named.languages, wished);
  keepTime(named.time_zone);
  const pages = await getAll<Contests>('contests', {});
  contests.value = pages.flatMap((page) => page.contests);
}

async function loadPlace(): Promise<void> {
  const unit = unitId.value;
  if (scope.value?.unit.id !== unit) scope.value = await loadScope(unit);
}

// The total: what a board event has as well.
async function loadTotal(chosen: Contest): Promise<Show> {
  const { unit } = scope.value!;
  const [one, turn, health] = await Promise.all([
    get<Results>('results', { contest: chosen.id, unit: unit.id, level: unit.level, method: route.value.method }),
    get<Turnouts>('turnout', { unit: unit.id, level: unit.level }),
    get<Shards>('shards'),
  ]);
  return () => {
    take(
      one.results.find((r) => r.unit === unit.id),
      turn.turnout.find((t) => t.unit === unit.id),
      one,
      false,
    );
    takeShards(health);
  };
}

function showEvent(event: BoardEvent): void {
  take(event.result ?? undefined, event.turnout, event, true);
  takeShards(event);
}

// What the overview shows, and of the contest at its top what a board event has as well.
async function loadOver(event: BoardEvent | null): Promise<Show[]> {
  const [over, health, ...rest] = await Promise.all([
    loadOverview(),
    get<Shards>('shards'),
    loadBooks(),
    loadCandidate(),
  ]);
  const top = contests.value.find((c) => c.id === over.head);
  if (event && event.result && event.result.contest === top?.id) return [over.show, ...rest, () => showEvent(event)];
  const [one, turn] = top
    ? await Promise.all([get<Results>('results', { contest: top.id }), get<Turnouts>('turnout', { unit: top.unit })])
    : [];
  const total = () => {
    if (one)
      take(
        one.results.find((r) => r.unit === top?.unit),
        turn?.turnout.find((t) => t.unit === top?.unit),
        one,
        false,
      );
    takeShards(health);
  };
  return [over.show, ...rest, total];
}

async function loadList(chosen: Contest): Promise<Show> {
  const { method, sort, order, size } = route.value;
  const at = scope.value!;
  const listed = level.value;
  const many = (election.value?.election.methods.length ?? 0) > 1;
  const [list, by] = await Promise.all([
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
  ]);
  return () => {
    places.value = list?.results ?? [];
    placesTotal.value = list?.total ?? null;
    nextCursor.value = list?.next_cursor ?? null;
    methods.value = by?.results.filter((r) => r.unit === at.unit.id) ?? [];
  };
}

async function loadBooks(): Promise<Show> {
  const books = await get<Accounting>('accounting');
  return () => {
    accounting.value = books;
  };
}

async function loadMap(): Promise<Show> {
  const chosen = contest.value,
    at = scope.value,
    listed = level.value;
  const none = () => {
    leaders.value = null;
  };
  if (!chosen || !at || !listed) return none;
  const key = `${at.below.id} ${listed}`;
  if (units.value?.key !== key) await loadUnits(key, at.below.id, listed);
  if (!units.value?.list.length) return none;
  const shown = route.value.map.startsWith('share:') ? route.value.map.slice(6) : '';
  const choice = chosen.choices.some((c) => c.id === shown) ? shown : '';
  const data = await get<Leaders>('leaders', {
    contest: chosen.id,
    unit: at.below.id,
    level: listed,
    method: route.value.method,
    choice,
  });
  return () => {
    leaders.value = data;
  };
}

// Who is not there is not shown: the address then says nobody.
async function loadCandidate(): Promise<Show> {
  const id = route.value.candidate;
  const one = id
    ? await get<OneCandidate>(`candidates/${encodeURIComponent(id)}`, { limit: 1000 }).catch((error: unknown) => {
        if (isGone(error) || !(error instanceof ApiError)) throw error;
        return null;
      })
    : null;
  return () => {
    candidate.value = one;
    if (id && !one) go({ candidate: '' });
  };
}

// Of the contest's own unit, which the series is of; null: not known.
export const seriesRegistered = signal<number | null>(null);

// A series is history and of no version: it ends where the screen does.
const until = <T extends { at: string }>(points: T[], asOf: string | null): T[] =>
  asOf ? points.filter((point) => point.at <= asOf) : points;

export async function loadSeries(): Promise<void> {
  const chosen = contest.value;
  if (!chosen) return;
  const { id, unit: at } = chosen;
  const [history, { unit }, { results }, { turnout: all }] = await Promise.all([
    get<Series>('series', { contest: id }),
    get<OneUnit>(`units/${encodeURIComponent(at)}`),
    get<Results>('results', { contest: id }),
    get<Turnouts>('turnout', { unit: at }),
  ]);
  const turn = all.find((t) => t.unit === at),
    own = results.find((r) => r.unit === at);
  batch(() => {
    seriesRegistered.value = turn && own ? turnoutIn(own, turn, unit.leaves, false).registered : null;
    series.value = { ...history, points: until(history.points, newest.value?.as_of ?? null) };
  });
}

// ---- one version a screen ----

// What the stream has sent and the screen does not show yet.
let sent: BoardEvent | null = null;
export function offer(event: BoardEvent): void {
  sent = event;
}
// What the screen answers: another question needs all its parts, whatever the version.
const question = (): string => JSON.stringify([route.value, cursors.value]);
let answered = '';

const answersRoute = (event: BoardEvent): boolean =>
  event.turnout.unit === unitId.value &&
  (event.result === null ||
    (event.result.contest === contest.value?.id && (event.result.method ?? '') === route.value.method));

async function loadParts(event: BoardEvent | null): Promise<Show[]> {
  const chosen = contest.value;
  if (route.value.contest && !chosen) throw new ApiError(404, '');
  if (!chosen) return embedded ? [] : loadOver(event);
  await loadPlace();
  if (embedded) return [await loadTotal(chosen)];
  const total = event && answersRoute(event) ? () => showEvent(event) : loadTotal(chosen);
  return Promise.all([total, loadList(chosen), loadMap(), loadBooks(), loadCandidate()]);
}

// All parts of the newest version, or of the event's; false: the reader has asked for
// something else meanwhile.
async function loadScreen(event: BoardEvent | null): Promise<boolean> {
  const asked = question();
  const known = newest.value?.version.id;
  if (event && event.version.id === known && asked === answered) {
    takeShards(event);
    return true;
  }
  pin(event?.version.id ?? '');
  await loadOnce();
  const about = await get<Election>('election');
  pin(about.version.id);
  if (about.version.id === known && asked === answered) {
    takeShards(await get<Shards>('shards'));
    return true;
  }
  election.value ??= about; // what is asked for depends on it
  // Of one contest there is nothing to look over, and a frame shows one.
  const [first] = contests.value;
  if (!route.value.contest && first && (embedded || contests.value.length === 1))
    location.replace(link({ contest: first.id }));
  const parts = await loadParts(event);
  if (question() !== asked) return false;
  batch(() => {
    election.value = about;
    state.value = about.election.state;
    newest.value = about;
    for (const show of parts) show();
    answered = asked;
  });
  return true;
}

// Everything that is shown. Asked again while it runs, it runs once more. What it took
// says how often it may be asked.
const TRIES = 3;
let running = false;
let again = false;
export let tookMs = 0;

async function newestScreen(): Promise<void> {
  for (let tries = 1; ; tries++) {
    const event = sent;
    sent = null;
    try {
      if (!(await loadScreen(event))) again = true;
      return;
    } catch (error) {
      if (!isGone(error) || tries === TRIES) throw error; // the old screen stays meanwhile
    } finally {
      pin('');
    }
  }
}

export async function refresh(): Promise<void> {
  if (running) {
    again = true;
    return;
  }
  running = true;
  const begun = Date.now();
  try {
    await newestScreen();
    trouble.value = null;
  } catch (error) {
    blame(error);
  } finally {
    tookMs = Date.now() - begun;
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
  void refresh();
}
