// The REST API answered from a folder of files: the page's questions, whatever the views
// ask. Sorting, paging and searching happen here.
import {
  type Edition,
  editionOf,
  envelope,
  file,
  levelNames,
  levelOf,
  linesOf,
  pathOf,
  Refused,
  resultOf,
  shardsOf,
  type Row,
  tableOf,
  unitOf,
  within,
} from './columns.ts';
import type { Candidate, Choice, Contest, Election, Result, Series, Unit } from './types.ts';

type Ask = Record<string, string>;
type Answer = Record<string, unknown>;

// ---- names in the reader's language ----

let language = '';
const said = (thing: { name: string; names?: Record<string, string> }): string =>
  (language && thing.names?.[language]) || thing.name;
const named = <T extends { name: string; names?: Record<string, string> }>(thing: T): T =>
  language ? { ...thing, name: said(thing) } : thing;

// ---- what many answers begin with ----

const contestsOf = async (edition: Edition): Promise<Contest[]> =>
  (await file<{ contests: Contest[] }>(edition.index.contests)).contests;
const candidatesOf = async (edition: Edition): Promise<Candidate[]> =>
  (await file<{ candidates: Candidate[] }>(edition.index.candidates)).candidates;
const electionOf = async (edition: Edition): Promise<Election['election']> =>
  (await file<Election>(edition.index.election)).election;

async function contestOf(edition: Edition, id: string | undefined): Promise<Contest> {
  const found = (await contestsOf(edition)).find((c) => c.id === id);
  if (!found) throw new Refused(404, `${id}: no such contest`);
  return found;
}

async function entryNames(edition: Edition): Promise<(choice: Choice) => { name: string; party: string | null }> {
  const people = new Map((await candidatesOf(edition)).map((c) => [c.id, c]));
  const parties = new Map((await electionOf(edition)).parties.map((p) => [p.id, p]));
  return (choice) => {
    const who = choice.candidate ? people.get(choice.candidate) : undefined;
    if (who) return { name: said(who), party: who.party ?? choice.party };
    const party = choice.party ? parties.get(choice.party) : undefined;
    return { name: said(choice) || (party ? said(party) : ''), party: choice.party };
  };
}

// A page of a list: the cursor is where it goes on.
function page<T>(list: T[], ask: Ask): { items: T[]; next_cursor: string | null } {
  const from = Number(ask.cursor ?? 0) || 0;
  const to = from + (Number(ask.limit) || 100);
  return { items: list.slice(from, to), next_cursor: to < list.length ? String(to) : null };
}

// Every word stands in one of the fields; a number where one begins.
function finds(q: string | undefined, fields: (string | null | undefined)[]): boolean {
  const words = (q ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const texts = fields.filter(Boolean).map((field) => field!.toLowerCase());
  return words.every((word) =>
    texts.some((text) => {
      for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1))
        if (!/^\d/.test(word) || at === 0 || !/\d/.test(text[at - 1]!)) return true;
      return false;
    }),
  );
}

const allNames = (thing: { name: string; names?: Record<string, string> }): string[] => [
  thing.name,
  ...Object.values(thing.names ?? {}),
];

// Of these levels, as they stand in the tree: depth first.
async function unitsOf(edition: Edition, names: string[], take: (u: Unit, level: string) => boolean): Promise<Unit[]> {
  const found: { unit: Unit; order: number }[] = [];
  for (const name of names) {
    const { list, order } = await levelOf(edition, name);
    list.forEach((unit, i) => take(unit, name) && found.push({ unit, order: order[i]! }));
  }
  if (names.length > 1) found.sort((a, b) => a.order - b.order);
  return found.map(({ unit }) => unit);
}

// Of a level below the unit; `leaf`: whatever their level.
async function unitsBelow(edition: Edition, top: Unit, level: string): Promise<Unit[]> {
  const names = level === 'leaf' ? await levelNames(edition) : [level];
  const inside = new Map<string, (u: Unit) => boolean>();
  for (const name of names) inside.set(name, await within(edition, top, name));
  return unitsOf(edition, names, (u, name) => inside.get(name)!(u) && (level !== 'leaf' || u.leaf));
}

const rootOf = async (edition: Edition): Promise<string> => (await electionOf(edition)).root;

// ---- results ----

async function rows(edition: Edition, contest: Contest, ask: Ask): Promise<{ result: Result; share: number | null }[]> {
  const top = await unitOf(edition, ask.unit || contest.unit);
  const { methods } = await electionOf(edition);
  const wanted = ask.by === 'method' ? methods.map((m) => m.id) : [ask.method || null];
  const asked = ask.level === 'leaf' ? await levelNames(edition) : [ask.level || top.level];
  const entryOf = await entryNames(edition);
  const found: { result: Result; share: number | null; order: number }[] = [];
  for (const level of asked) {
    const inside = await within(edition, top, level);
    const { list, order, turnout } = await levelOf(edition, level);
    for (const method of wanted) {
      const table = await tableOf(edition, contest.id, level, method);
      for (let i = 0; table && i < table.rows; i++) {
        const unitColumn = table.columns.unit;
        const place = unitColumn ? (Array.isArray(unitColumn) ? unitColumn[i] : unitColumn.all) : i;
        const unit = list[place as number]!;
        if (!inside(unit) || (ask.level === 'leaf' && !unit.leaf)) continue;
        const result = resultOf(contest, table, i, named(unit), entryOf);
        found.push({
          result,
          share: (turnout[place as number]!.share as number | null) ?? null,
          order: order[place as number]!,
        });
      }
    }
  }
  if (wanted.length > 1 || asked.length > 1) found.sort((a, b) => a.order - b.order);
  return found;
}

function sortKey(
  contest: Contest,
  sort: string,
): (row: { result: Result; share: number | null }) => number | string | null {
  if (sort === 'unit') return ({ result }) => result.unit_name.toLowerCase();
  if (sort === 'ballots') return ({ result }) => result.ballots;
  if (sort === 'turnout') return ({ share }) => share;
  const id = sort.slice('votes:'.length);
  const own = linesOf(contest).find(({ lines }) => lines.some((line) => line.id === id))?.lines ?? [];
  const ids = new Set(own.length ? own.map((line) => line.id) : [id]);
  return ({ result }) => (result.choices ?? []).reduce((sum, c) => sum + (ids.has(c.choice) ? c.votes : 0), 0);
}

async function results(edition: Edition, ask: Ask): Promise<Answer> {
  const contest = await contestOf(edition, ask.contest);
  const list = await rows(edition, contest, ask);
  if (ask.sort) {
    const key = sortKey(contest, ask.sort);
    const down = (ask.order || (ask.sort === 'unit' ? 'asc' : 'desc')) === 'desc' ? -1 : 1;
    list.sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      if (x === null || y === null) return Number(x === null) - Number(y === null);
      return x < y ? -down : x > y ? down : 0;
    });
  }
  const { items, next_cursor } = page(list, ask);
  return { results: items.map(({ result }) => result), total: list.length, next_cursor };
}

async function leaders(edition: Edition, ask: Ask): Promise<Answer> {
  const contest = await contestOf(edition, ask.contest);
  const top = await unitOf(edition, ask.unit || contest.unit);
  const known = await levelNames(edition);
  const level = ask.level || known[known.indexOf(top.level) + 1] || top.level;
  const units = (await unitsBelow(edition, top, level)).filter((u) => ask.level || u.parent === top.id);
  const byUnit = new Map(
    (await rows(edition, contest, { ...ask, unit: top.id, level })).map((r) => [r.result.unit, r.result]),
  );
  const { list, turnout } = await levelOf(edition, level);
  const progress = new Map(list.map((u, i) => [u.id, turnout[i]!.progress as Row]));
  const place = new Map(contest.choices.map((choice, i) => [choice.id, i]));
  const first = new Map(
    linesOf(contest).flatMap((l) => l.lines.map((line) => [line.id, place.get(l.choice.id)!] as const)),
  );
  const votes = ask.choice ? sortKey(contest, `votes:${ask.choice}`) : null;
  // Where nobody votes on it, as /results has it where somebody does.
  const untold =
    edition.latest.publication === 'reports' && (!!ask.method || (await electionOf(edition)).turnout === 'reports');
  const columns: Record<string, unknown[]> = {};
  const put = (row: Row): void => {
    for (const [name, value] of Object.entries(row)) (columns[name] ??= []).push(value);
  };
  for (const unit of units) {
    const result = byUnit.get(unit.id);
    const held = result?.candidates === null;
    const [one, two] = [result?.candidates?.[0], result?.candidates?.[1]];
    const [most, next] = [one?.votes ?? 0, two?.votes ?? 0];
    const { shown, expected, units_over } = progress.get(unit.id) ?? {};
    put({
      leader: most === next ? null : first.get(one!.choices[0]!),
      leader_votes: held ? null : most,
      second: next === 0 || most === next ? null : first.get(two!.choices[0]!),
      second_votes: held ? null : next,
      valid: held ? null : (result?.valid ?? 0),
      ballots: result?.ballots ?? 0,
      ballots_counted: result ? result.ballots_counted : untold ? null : 0,
      units_reporting: result?.units_reporting ?? 0,
      units_partial: result?.units_partial ?? 0,
      units_total: result?.units_total ?? 0,
      shown,
      expected,
      units_over,
      ...(votes && { choice_votes: held ? null : result ? votes({ result, share: null }) : 0 }),
    });
  }
  return { contest: contest.id, unit: top.id, total: units.length, ...columns };
}

// Its end is the result that is shown, where it is newer.
async function series(edition: Edition, ask: Ask): Promise<Answer> {
  const contest = await contestOf(edition, ask.contest);
  const kept = await file<Series>(edition.index.results[contest.id]!.series);
  const [now] = await rows(edition, contest, { unit: contest.unit });
  const last = kept.points.at(-1);
  const { as_of } = edition.latest;
  const known = last && (last.ballots === now?.result.ballots || last.at >= (as_of ?? ''));
  if (!now?.result.choices || !as_of || known) return { ...kept };
  const votes = new Map(now.result.choices.map((c) => [c.choice, c.votes]));
  const point = { at: as_of, ballots: now.result.ballots, votes: kept.choices.map((id) => votes.get(id) ?? 0) };
  return { ...kept, points: [...kept.points, point] };
}

// ---- units ----

async function turnout(edition: Edition, ask: Ask): Promise<Answer> {
  const top = await unitOf(edition, ask.unit || (await rootOf(edition)));
  const list = ask.level ? await unitsBelow(edition, top, ask.level) : [top];
  const { items, next_cursor } = page(list, ask);
  const told: Row[] = [];
  for (const unit of items) {
    const at = await levelOf(edition, unit.level);
    told.push({ unit: unit.id, unit_name: said(unit), level: unit.level, ...at.turnout[at.list.indexOf(unit)] });
  }
  return { turnout: told, total: list.length, next_cursor };
}

async function units(edition: Edition, ask: Ask): Promise<Answer> {
  const known = await levelNames(edition);
  let list: Unit[] = [];
  if (ask.parent && ask.level) list = await unitsBelow(edition, await unitOf(edition, ask.parent), ask.level);
  else list = await unitsOf(edition, ask.level ? [ask.level] : known, (u) => !ask.parent || u.parent === ask.parent);
  if (ask.q) list = list.filter((u) => finds(ask.q, [...allNames(u), u.id, u.code]));
  const { items, next_cursor } = page(list, ask);
  return { units: items.map(named), next_cursor };
}

async function oneUnit(edition: Edition, id: string): Promise<Answer> {
  const unit = await unitOf(edition, id);
  const path = (await pathOf(edition, unit)).map((u) => ({ unit: u.id, unit_name: said(u), level: u.level }));
  return { unit: { ...named(unit), path } };
}

// ---- contests, candidates, the overview ----

interface Stands {
  leader?: { choice: string; name: string } | null;
  second?: { choice: string; name: string } | null;
  above?: { choice: string; name: string } | null;
  below?: { choice: string; name: string } | null;
}

// The file has names in the election's first language.
async function renamed<T extends Stands>(edition: Edition, contest: Contest | undefined, item: T): Promise<T> {
  if (!language || !contest) return item;
  const entryOf = await entryNames(edition);
  const copy = { ...item };
  for (const key of ['leader', 'second', 'above', 'below'] as const) {
    const choice = contest.choices.find((c) => c.id === copy[key]?.choice);
    if (copy[key] && choice) copy[key] = { ...copy[key], name: entryOf(choice).name };
  }
  return copy;
}

async function contests(edition: Edition, ask: Ask): Promise<Answer> {
  const all = await contestsOf(edition);
  const standings = ask.standing
    ? (await file<{ contests: (Stands & { id: string })[] }>(edition.index.standings)).contests
    : [];
  const byId = new Map(standings.map((s) => [s.id, s]));
  let list = all.filter((c) => !('group' in ask) || c.group === ask.group);
  if (ask.unit) {
    const at = await unitOf(edition, ask.unit);
    const above = new Set([at, ...(await pathOf(edition, at))].map((u) => u.id));
    const kept: Contest[] = [];
    for (const c of list)
      if (above.has(c.unit) || (await pathOf(edition, await unitOf(edition, c.unit))).some((u) => u.id === at.id))
        kept.push(c);
    list = kept;
  }
  if (ask.q)
    list = list.filter((c) =>
      finds(ask.q, [...allNames(c), c.id, c.office, c.district, c.unit, ...c.choices.flatMap((x) => allNames(x))]),
    );
  const { items, next_cursor } = page(list, ask);
  const told = await Promise.all(
    items.map(async (c) => {
      const { choices, ...rest } = named(c);
      const shown = ask.choices === '0' ? { ...rest, choices: [] } : { ...rest, choices: choices.map(named) };
      return { ...shown, ...(await renamed(edition, c, byId.get(c.id) ?? {})), id: c.id };
    }),
  );
  return { contests: told, next_cursor };
}

async function overview(edition: Edition): Promise<Answer> {
  const path = edition.index.overview[language] ?? edition.index.overview[''];
  if (!path) throw new Refused(404, 'no overview was published');
  return { ...(await file<Answer>(path)) };
}

const sum = (votes: (number | null)[]): number | null =>
  votes.length === 0 ? 0 : votes.reduce((all, n) => (n === null ? all : (all ?? 0) + n), null);

async function candidate(edition: Edition, id: string, ask: Ask): Promise<Answer> {
  const who = (await candidatesOf(edition)).find((c) => c.id === id);
  if (!who) throw new Refused(404, `${id}: no such candidate`);
  const root = await unitOf(edition, await rootOf(edition));
  const counties = (await levelOf(edition, 'county')).list.length > 0;
  const level = ask.level || (counties ? 'county' : 'leaf');
  const where = new Map<string, (number | null)[]>();
  const choices = [];
  for (const own of who.choices) {
    const contest = await contestOf(edition, own.contest);
    const votesIn = (r: Result) => (r.choices ? r.choices.find((c) => c.choice === own.choice)?.votes : null);
    const [total] = await rows(edition, contest, { unit: contest.unit });
    choices.push({ ...own, votes: (total && votesIn(total.result)) ?? null });
    for (const { result } of await rows(edition, contest, { unit: contest.unit, level })) {
      const votes = votesIn(result);
      if (votes !== undefined) where.set(result.unit, [...(where.get(result.unit) ?? []), votes]);
    }
  }
  const list = (await unitsBelow(edition, root, level)).filter((u) => where.has(u.id));
  const { items, next_cursor } = page(list, ask);
  return {
    candidate: { ...named(who), votes: sum(choices.map((c) => c.votes)), choices },
    where: items.map((u) => ({ unit: u.id, unit_name: said(u), level: u.level, votes: sum(where.get(u.id)!) })),
    next_cursor,
  };
}

async function election(edition: Edition): Promise<Answer> {
  const about = await electionOf(edition);
  const plural = <T extends { plural: string; plurals?: Record<string, string> }>(level: T): T =>
    language && level.plurals?.[language] ? { ...level, plural: level.plurals[language] } : level;
  return {
    election: {
      ...named(about as typeof about & { names?: Record<string, string> }),
      levels: about.levels.map((level) => plural(named(level))),
      methods: about.methods.map(named),
      parties: about.parties.map(named),
    },
  };
}

async function bodyOf(edition: Edition, path: string, ask: Ask): Promise<Answer> {
  const [resource, id] = path.split('/').map(decodeURIComponent);
  if (id) return resource === 'units' ? oneUnit(edition, id) : candidate(edition, id, ask);
  switch (resource) {
    case 'election':
      return election(edition);
    case 'contests':
      return contests(edition, ask);
    case 'overview':
      return overview(edition);
    case 'results':
      return results(edition, ask);
    case 'leaders':
      return leaders(edition, ask);
    case 'series':
      return series(edition, ask);
    case 'turnout':
      return turnout(edition, ask);
    case 'units':
      return units(edition, ask);
    case 'accounting':
      return { ...(await file<Answer>(edition.index.accounting)) };
    case 'shards':
      return { shards: shardsOf(edition) };
    default:
      throw new Refused(404, `${path}: not in a folder of files`);
  }
}

/** What a collector would answer; `version`: an ID of one that was answered, '' the newest. */
export async function answer(
  path: string,
  query: Record<string, string | number | null | undefined>,
  spoken: string,
  version: string,
): Promise<unknown> {
  const ask: Ask = {};
  for (const [name, value] of Object.entries(query))
    if (value !== null && value !== undefined && value !== '') ask[name] = String(value);
  language = spoken;
  const edition = await editionOf(version);
  return { ...envelope(edition), ...(await bodyOf(edition, path, ask)) };
}

export { silentSince } from './columns.ts';

/** The definition's map, or null. */
export const mapFile = async (): Promise<string | null> => (await editionOf('')).index.map;
