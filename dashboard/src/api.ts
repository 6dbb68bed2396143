// The collector's REST API as the page uses it: types, and one fetch that keeps
// the last answer by ETag, so that an unchanged board costs a 304.

export interface Version {
  cluster: string;
  shards: { shard: number; epoch: number; index: number }[];
}
export interface Envelope {
  version: Version;
  as_of: string | null;
  stale: boolean;
  status: string;
}
export interface Party {
  id: string;
  name: string;
  color?: string | null;
}
export interface Method {
  id: string;
  name: string;
}
export interface Level {
  level: string;
  units: number;
}
export interface MapOf {
  file: string;
  object: string;
  key: string;
}
export interface Election extends Envelope {
  election: {
    id: string;
    name: string;
    date: string;
    state: string;
    methods: Method[];
    parties: Party[];
    levels: Level[];
    registered: number | null;
    ballots: number;
    ballots_expected: number | null;
    contests: number;
    units: number;
    candidates: number;
    leaves: number;
    leaves_reporting: number;
    root: string;
    map: MapOf | null;
  };
}
export interface Choice {
  id: string;
  name: string;
  kind: string;
  candidate: string | null;
  party: string | null;
}
export interface Contest {
  id: string;
  name: string;
  office: string;
  district: string;
  unit: string;
  votes_allowed: number;
  choices: Choice[];
}
export interface Contests extends Envelope {
  contests: Contest[];
  next_cursor: string | null;
}
export interface Result {
  contest: string;
  unit: string;
  unit_name: string;
  level: string;
  method: string | null;
  ballots: number;
  choices: { choice: string; votes: number }[];
  undervotes: number;
  overvotes: number;
  units_reporting: number;
  units_started: number;
  units_total: number;
}
export interface Results extends Envelope {
  results: Result[];
  total: number | null;
  next_cursor: string | null;
}
export interface Turnout {
  unit: string;
  unit_name: string;
  level: string;
  ballots: number;
  registered: number | null;
  ballots_expected: number | null;
  share: number | null;
  complete: boolean;
}
export interface Turnouts extends Envelope {
  turnout: Turnout[];
  total: number;
  next_cursor: string | null;
}
export interface Unit {
  id: string;
  name: string;
  level: string;
  code: string;
  parent: string | null;
  leaf: boolean;
  children: number;
  registered: number | null;
  ballots_expected: number | null;
}
export interface Units extends Envelope {
  units: Unit[];
  next_cursor: string | null;
}
export interface OneUnit extends Envelope {
  unit: Unit & { path: { unit: string; unit_name: string; level: string }[] };
}
export interface Leaders extends Envelope {
  contest: string;
  unit: string;
  total: number;
  leader: (number | null)[];
  leader_votes: number[];
  second_votes: number[];
  valid: number[];
  ballots: number[];
  units_reporting: number[];
  units_total: number[];
  choice_votes?: number[];
}
export interface Point {
  at: string;
  ballots: number;
  votes: number[];
}
export interface Series extends Envelope {
  contest: string;
  unit: string;
  choices: string[];
  bucket_ms: number;
  points: Point[];
}
export interface Shard {
  shard: number;
  epoch: number;
  index: number;
  replica: number;
  leader: number | null;
  behind: number;
  ballots: number;
  age_ms: number | null;
  stale: boolean;
  diverged: boolean;
}
export interface Shards extends Envelope {
  shards: Shard[];
}
export interface BoardEvent extends Shards {
  state: string;
  balanced: boolean;
  result: Result | null;
  turnout: Turnout;
}
export interface Candidate {
  id: string;
  name: string;
  party: string | null;
  photo_url: string | null;
  biography: string | null;
  platform: string | null;
  votes: number;
  choices: { contest: string; choice: string; party: string | null; votes: number }[];
}
export interface OneCandidate extends Envelope {
  candidate: Candidate;
  where: { unit: string; unit_name: string; level: string; votes: number }[];
  next_cursor: string | null;
}
export interface Books {
  shard?: number;
  received: number;
  counted: number;
  replayed: number;
  double_vote: number;
  not_eligible: number;
  invalid: number;
  closed: number;
  balanced: boolean;
}
export interface Accounting extends Envelope {
  total: Books;
  shards: Books[];
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

interface Kept {
  etag: string;
  body: unknown;
}
const KEPT_MAX = 64;
const WAIT_MS = 10_000;
const kept = new Map<string, Kept>();

export type Query = Record<string, string | number | null | undefined>;

export function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query))
    if (value !== null && value !== undefined && value !== '') search.set(key, String(value));
  return `/api/v1/${path}${search.size ? `?${search}` : ''}`;
}

export async function get<T>(path: string, query: Query = {}): Promise<T> {
  const url = address(path, query);
  const before = kept.get(url);
  const headers: HeadersInit = { Accept: 'application/json' };
  if (before) headers['If-None-Match'] = before.etag;
  const response = await fetch(url, { headers, cache: 'no-store', signal: AbortSignal.timeout(WAIT_MS) });
  if (response.status === 304 && before) return before.body as T;
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(response.status, body.detail ?? response.statusText);
  const etag = response.headers.get('ETag');
  if (etag) {
    kept.delete(url);
    kept.set(url, { etag, body });
    if (kept.size > KEPT_MAX) kept.delete(kept.keys().next().value!);
  }
  return body as T;
}

// Every page of a list; for lists that are small by nature.
export async function getAll<T extends { next_cursor: string | null }>(path: string, query: Query): Promise<T[]> {
  const pages: T[] = [];
  let cursor: string | null = null;
  do {
    const page: T = await get<T>(path, { ...query, limit: 1000, cursor });
    pages.push(page);
    cursor = page.next_cursor;
  } while (cursor);
  return pages;
}
