// What the page shows now: the route, how it refreshes, and the answers it got.
import { batch, computed, effect, signal } from '@preact/signals';
import { ApiError, get, getAll } from './api.ts';
import type { Accounting, Contest, Contests, Election, Envelope, Result, Results, Turnout, Turnouts, Unit, Units } from './api.ts';

// ---- the route: #/contest?unit=…&method=…&sort=…; every view has its own link ----

export interface Route { contest: string; unit: string; method: string; sort: string; order: 'asc' | 'desc'; size: number; map: string }
const PAGE_SIZES = [10, 25, 50, 100];
export const pageSizes = PAGE_SIZES;

function parseRoute(): Route {
  const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
  const search = new URLSearchParams(query ?? '');
  const size = Number(search.get('size'));
  return {
    contest: decodeURIComponent(path ?? ''), unit: search.get('unit') ?? '', method: search.get('method') ?? '',
    sort: search.get('sort') ?? 'ballots', order: search.get('order') === 'asc' ? 'asc' : 'desc',
    size: PAGE_SIZES.includes(size) ? size : 10, map: search.get('map') ?? 'leader',
  };
}

export const route = signal<Route>(parseRoute());
addEventListener('hashchange', () => { route.value = parseRoute(); });

export function link(change: Partial<Route>): string {
  const to = { ...route.value, ...change };
  const search = new URLSearchParams();
  if (to.unit) search.set('unit', to.unit);
  if (to.method) search.set('method', to.method);
  if (to.sort !== 'ballots') search.set('sort', to.sort);
  if (to.order !== 'desc') search.set('order', to.order);
  if (to.size !== 10) search.set('size', String(to.size));
  if (to.map !== 'leader') search.set('map', to.map);
  return `#/${encodeURIComponent(to.contest)}${search.size ? `?${search}` : ''}`;
}
export function go(change: Partial<Route>): void { location.hash = link(change).slice(1); }

// ---- the answers ----

export const election = signal<Election | null>(null);
export const contests = signal<Contest[]>([]);
export const result = signal<Result | undefined>(undefined);
export const before = signal<Result | undefined>(undefined);
export const turnout = signal<Turnout | undefined>(undefined);
export const places = signal<Result[]>([]);
export const placesTurnout = signal<Map<string, Turnout>>(new Map());
export const placesTotal = signal<number | null>(null);
export const nextCursor = signal<string | null>(null);
export const cursors = signal<(string | null)[]>([null]);
export const trail = signal<Unit[]>([]);
export const accounting = signal<Accounting | null>(null);
export const newest = signal<Envelope | null>(null);
export const trouble = signal<string | null>(null);
export const missing = signal(false);

export const contest = computed(() => contests.value.find((c) => c.id === route.value.contest) ?? null);
export const unitId = computed(() => route.value.unit || contest.value?.unit || '');

// ---- refreshing ----

export type Mode = 'live' | 'paused' | 5 | 10 | 30 | 60;
export const modes: Mode[] = ['live', 5, 10, 30, 60, 'paused'];
export const mode = signal<Mode>('live');

async function loadTrail(id: string): Promise<Unit[]> {
  const found: Unit[] = [];
  for (let at: string | null = id; at;) {
    const answer: Envelope & { unit: Unit } = await get(`units/${at}`);
    found.unshift(answer.unit);
    at = answer.unit.parent;
  }
  return found;
}

const LEVELS = ['nation', 'state', 'county', 'precinct'];
export const belowLevel = signal<string | null>(null);

async function load(): Promise<void> {
  const chosen = contest.value;
  if (!chosen) return;
  const { method, sort, order, size } = route.value;
  const unit = unitId.value;
  const cursor = cursors.value[cursors.value.length - 1];
  if (trail.value.at(-1)?.id !== unit) {
    const units = await loadTrail(unit);
    const children: Units = await get('units', { parent: unit, limit: 1 });
    const level = children.units[0]?.level ?? null;
    batch(() => { trail.value = units; belowLevel.value = level && LEVELS.includes(level) ? level : null; });
  }
  const level = belowLevel.value;
  const [one, turn, list, turns, books] = await Promise.all([
    get<Results>('results', { contest: chosen.id, unit, level: trail.value.at(-1)!.level, method }),
    get<Turnouts>('turnout', { unit, level: trail.value.at(-1)!.level }),
    level ? get<Results>('results', { contest: chosen.id, unit, level, method, sort, order, limit: size, cursor }) : null,
    level ? get<Turnouts>('turnout', { unit, level, limit: 1000 }) : null,
    get<Accounting>('accounting'),
  ]);
  batch(() => {
    const now = one.results.find((r) => r.unit === unit) ?? one.results[0];
    if (JSON.stringify(now) !== JSON.stringify(result.value)) {
      before.value = result.value;
      result.value = now;
    }
    turnout.value = turn.turnout.find((t) => t.unit === unit) ?? turn.turnout[0];
    places.value = list?.results ?? [];
    placesTotal.value = list?.total ?? null;
    nextCursor.value = list?.next_cursor ?? null;
    placesTurnout.value = new Map(turns?.turnout.map((t) => [t.unit, t]) ?? []);
    accounting.value = books;
    newest.value = one;
    trouble.value = null;
    missing.value = false;
  });
}

let running = false;
let again = false;
export async function refresh(): Promise<void> {
  if (running) { again = true; return; }
  running = true;
  try {
    if (!election.value) {
      const [about, pages] = await Promise.all([get<Election>('election'), getAll<Contests>('contests', {})]);
      batch(() => { election.value = about; contests.value = pages.flatMap((p) => p.contests); newest.value = about; });
      if (!route.value.contest && contests.value[0]) location.replace(link({ contest: contests.value[0].id }));
    } else {
      election.value = await get<Election>('election');
    }
    await load();
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) missing.value = true;
    else trouble.value = error instanceof Error ? error.message : String(error);
  } finally {
    running = false;
    if (again) { again = false; void refresh(); }
  }
}

export function page(step: 1 | -1): void {
  if (step === 1 && nextCursor.value) cursors.value = [...cursors.value, nextCursor.value];
  if (step === -1 && cursors.value.length > 1) cursors.value = cursors.value.slice(0, -1);
  void refresh();
}

// Live: the stream says that there is something new; the page asks for what it shows.
const RETRY_MS = 3000;
const LIVE_MIN_MS = 250;
export function start(): void {
  let last = '';
  effect(() => {
    const key = JSON.stringify([route.value.contest, route.value.unit, route.value.method, route.value.sort, route.value.order, route.value.size]);
    if (key === last) return;
    last = key;
    cursors.value = [null];
    void refresh();
  });
  effect(() => {
    const how = mode.value;
    if (how === 'paused') return;
    if (how !== 'live') {
      const timer = setInterval(() => void refresh(), how * 1000);
      return () => clearInterval(timer);
    }
    const stream = new EventSource('/api/v1/stream');
    let due: ReturnType<typeof setTimeout> | undefined;
    stream.addEventListener('board', () => {
      due ??= setTimeout(() => { due = undefined; void refresh(); }, LIVE_MIN_MS);
    });
    // Without the stream (a proxy in between, a collector that is away) ask now and then.
    const timer = setInterval(() => { if (stream.readyState !== EventSource.OPEN) void refresh(); }, RETRY_MS);
    return () => { stream.close(); clearInterval(timer); clearTimeout(due); };
  });
}
