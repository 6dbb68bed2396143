// The files that `psephos publish` writes (docs/publishing.md): which version is the newest,
// and tables of columns, read as the rows that the REST API would answer.
import type { Choice, Contest, Entry, Envelope, Election, Result, Shard, Unit } from './types.ts';

/** fetch.ts makes an ApiError of it: its own would be loaded with the page. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

type Column = unknown[] | { all: unknown };
type Columns = Record<string, Column>;
export interface Table {
  level: string;
  method?: string | null;
  rows: number;
  columns: Columns;
  votes?: Columns;
}
interface Part {
  file: string;
  tables?: string[];
  levels?: string[];
}
interface Index {
  election: string;
  contests: string;
  candidates: string;
  standings: string;
  accounting: string;
  map: string | null;
  overview: Record<string, string>;
  units: Part[];
  state: Part[];
  results: Record<string, { files: Part[]; csv: string; series: string }>;
}
export interface Latest extends Envelope {
  published: string;
  every: number;
  index: string;
  state: string;
  shards?: Shard[];
}
export interface Edition {
  id: string;
  latest: Latest;
  index: Index;
}
export type Row = Record<string, unknown>;

const WAIT_MS = 10_000;
const FILES_MAX = 256;
const EDITIONS_MAX = 4;
const LATE = 2; // times `every`, after which the publisher is taken for gone
const SLACK_MS = 15_000;

// ---- files ----

const files = new Map<string, Promise<unknown>>();

async function load(path: string, cache: RequestCache): Promise<Response> {
  const response = await fetch(path, { cache, signal: AbortSignal.timeout(WAIT_MS) });
  // What is not there any more was of a version long ago.
  if (!response.ok) throw new Refused(response.status === 404 ? 410 : response.status, `${path}: ${response.status}`);
  return response;
}

// Never changes, so it is asked for once.
export function file<T>(path: string): Promise<T> {
  let known = files.get(path);
  if (known) files.delete(path);
  known ??= load(path, 'default').then((response) => response.json());
  files.set(path, known);
  known.catch(() => files.delete(path));
  if (files.size > FILES_MAX) files.delete(files.keys().next().value!);
  return known as Promise<T>;
}

// ---- versions ----

const editions = new Map<string, Edition>();
let stale = false;
let silent = ''; // when the publisher was last heard of, once it is taken for gone

// By the server's clock: the reader's may be wrong, and a CDN's copy has an age.
function ageOf(response: Response, published: string): number {
  const date = Date.parse(response.headers.get('Date') ?? '');
  const age = Number(response.headers.get('Age') ?? 0) * 1000;
  return (Number.isNaN(date) ? Date.now() : date + age) - Date.parse(published);
}

async function newest(): Promise<Edition> {
  const response = await load('latest.json', 'no-cache');
  const latest = (await response.json()) as Latest;
  const late = ageOf(response, latest.published) > latest.every * 1000 * LATE + SLACK_MS;
  silent = late ? latest.published : '';
  stale = latest.stale || late;
  // A collector of before gives versions no ID: the index is as good a name.
  const id = latest.version.id || latest.index.replace(/\W/g, '-');
  latest.version = { ...latest.version, id };
  const edition = { id, latest, index: await file<Index>(latest.index) };
  editions.delete(id);
  editions.set(id, edition);
  if (editions.size > EDITIONS_MAX) editions.delete(editions.keys().next().value!);
  return edition;
}

export async function editionOf(id: string): Promise<Edition> {
  if (!id) return newest();
  const edition = editions.get(id);
  if (!edition) throw new Refused(410, 'this version is not here any more');
  return edition;
}

export const silentSince = (): string => silent;

export function envelope({ latest }: Edition): Envelope {
  const { version, as_of, status, mode, publication } = latest;
  return { version, as_of, stale, status, mode, publication };
}

// None is current in a folder that is not.
export const shardsOf = ({ latest }: Edition): Shard[] =>
  (latest.shards ?? []).map((shard) => ({ ...shard, stale: shard.stale || stale }));

// ---- tables ----

export const cell = (column: Column | undefined, i: number): unknown =>
  Array.isArray(column) ? column[i] : column?.all;

// Without what stands in other columns: unit, and progress.…, which is one object again.
function members(columns: Columns, i: number): Row {
  const row: Row = {};
  for (const [name, column] of Object.entries(columns)) {
    const [group, part] = name.split('.');
    if (part) row[group!] = { ...(row[group!] as object), [part]: cell(column, i) };
    else if (name !== 'unit') row[name] = cell(column, i);
  }
  return row;
}

const placeOf = (table: { columns: Columns }, i: number): number =>
  table.columns.unit ? (cell(table.columns.unit, i) as number) : i;

interface Level {
  list: Unit[];
  order: number[]; // of each in the whole tree, depth first
  turnout: Row[];
}
interface UnitTable {
  level: string;
  units: Table;
  turnout: Table;
}

async function part<T extends { level: string }>(parts: Part[], level: string): Promise<T | undefined> {
  const found = parts.find((p) => p.levels?.includes(level));
  return found && (await file<{ tables: T[] }>(found.file)).tables.find((t) => t.level === level);
}

// The units of a level as /units and /turnout have them; kept for the version before, too.
const levels = new Map<string, Promise<Level>>();
export function levelOf(edition: Edition, level: string): Promise<Level> {
  const key = `${edition.id} ${level}`;
  let known = levels.get(key);
  known ??= (async () => {
    const fixed = await part<UnitTable>(edition.index.units, level);
    const state = await part<UnitTable>(edition.index.state, level);
    if (!fixed || !state) return { list: [], order: [], turnout: [] };
    const turnout: Row[] = Array.from({ length: fixed.units.rows }, () => ({}));
    for (let i = 0; i < state.turnout.rows; i++) turnout[placeOf(state.turnout, i)] = members(state.turnout.columns, i);
    const list = Array.from({ length: fixed.units.rows }, (_, i) => {
      const { share, over_registered, over_expected, progress, ...told } = turnout[i]!;
      void [share, over_registered, over_expected, progress];
      const { order: at, ...own } = members(fixed.units.columns, i);
      void at;
      const unit = { ...own, level, ...told, ...members(state.units.columns, i) } as Row;
      if (unit.names === null) delete unit.names;
      return unit as unknown as Unit;
    });
    const order = list.map((_, i) => cell(fixed.units.columns.order, i) as number);
    return { list, order, turnout };
  })();
  levels.set(key, known);
  known.catch(() => levels.delete(key));
  if (levels.size > 2 * 8) levels.delete(levels.keys().next().value!);
  return known;
}

export const levelNames = async (edition: Edition): Promise<string[]> =>
  (await file<Election>(edition.index.election)).election.levels.map((l) => l.level);

// Top to bottom, so that a level of many units is loaded only for one of them.
export async function unitOf(edition: Edition, id: string): Promise<Unit> {
  for (const level of await levelNames(edition)) {
    const unit = (await levelOf(edition, level)).list.find((u) => u.id === id);
    if (unit) return unit;
  }
  throw new Refused(404, `${id}: no such unit`);
}

export async function pathOf(edition: Edition, unit: Unit): Promise<Unit[]> {
  const path: Unit[] = [];
  for (let above = unit.parent; above; above = path[0]!.parent) path.unshift(await unitOf(edition, above));
  return path;
}

// Whether units of `level` lie in `unit`, or are it.
export async function within(edition: Edition, unit: Unit, level: string): Promise<(u: Unit) => boolean> {
  const known = await levelNames(edition);
  const inside = new Set([unit.id]);
  for (const name of known.slice(known.indexOf(unit.level), known.indexOf(level)))
    for (const u of (await levelOf(edition, name)).list) if (u.parent && inside.has(u.parent)) inside.add(u.id);
  return (u) => u.id === unit.id || (u.parent !== null && inside.has(u.parent));
}

export async function tableOf(
  edition: Edition,
  contest: string,
  level: string,
  method: string | null,
): Promise<Table | undefined> {
  const name = method ? `${level}/${method}` : level;
  const found = edition.index.results[contest]?.files.find((p) => p.tables?.includes(name));
  const all = found && (await file<{ tables: Table[] }>(found.file)).tables;
  return all?.find((t) => t.level === level && (t.method ?? null) === method);
}

// ---- standing: what follows from the votes ----

export interface Line {
  choice: Choice;
  lines: Choice[]; // of the same candidate, this one first
}
// Who can win, by first lines, in the order of the contest.
export function linesOf(contest: Contest): Line[] {
  const found: Line[] = [];
  for (const choice of contest.choices) {
    if (!['candidate', 'yes', 'no'].includes(choice.kind)) continue;
    const own = choice.candidate ? found.find((line) => line.choice.candidate === choice.candidate) : undefined;
    if (own) own.lines.push(choice);
    else found.push({ choice, lines: [choice] });
  }
  return found;
}

const rounded = (share: number): number => Number(share.toFixed(6));

export function resultOf(
  contest: Contest,
  table: Table,
  i: number,
  unit: Unit,
  entryOf: (choice: Choice) => { name: string; party: string | null },
): Result {
  const { choices: _, ...told } = members(table.columns, i);
  const held = told.undervotes === null;
  const votes = (choice: Choice) => cell(table.votes?.[choice.id], i) as number | null | undefined;
  const present = contest.choices.filter((choice) => typeof votes(choice) === 'number');
  const valid = present
    .filter((choice) => choice.kind !== 'blank' && choice.kind !== 'spoiled')
    .reduce((sum, choice) => sum + votes(choice)!, 0);
  const candidates: Entry[] = linesOf(contest)
    .map(({ choice, lines }) => ({ choice, lines: lines.filter((line) => present.includes(line)) }))
    .filter(({ lines }) => lines.length > 0)
    .map(({ choice, lines }) => {
      const sum = lines.reduce((all, line) => all + votes(line)!, 0);
      return {
        candidate: choice.candidate,
        ...entryOf(choice),
        votes: sum,
        share: valid > 0 ? rounded(sum / valid) : null,
        choices: lines.map((line) => line.id),
      };
    })
    .sort((a, b) => b.votes - a.votes);
  return {
    ...(told as unknown as Result),
    contest: contest.id,
    unit: unit.id,
    unit_name: unit.name,
    level: unit.level,
    method: table.method ?? null,
    choices: held ? null : present.map((choice) => ({ choice: choice.id, votes: votes(choice)! })),
    valid: held ? null : valid,
    candidates: held ? null : candidates,
  };
}
