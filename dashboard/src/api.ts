// The collector's REST API as the page uses it: types, and one fetch that keeps
// the last answer by ETag, so that an unchanged board costs a 304.

export interface Version { cluster: string; shards: { shard: number; epoch: number; index: number }[] }
export interface Envelope { version: Version; as_of: string | null; stale: boolean; status: string }
export interface Party { id: string; name: string; color?: string | null }
export interface Method { id: string; name: string }
export interface Election extends Envelope {
  election: {
    id: string; name: string; date: string; state: string; methods: Method[]; parties: Party[];
    registered: number | null; contests: number; units: number; candidates: number;
    map: { file: string; object: string; key: string } | null;
  };
}
export interface Choice {
  id: string; name: string; kind: string; candidate: string | null; party: string | null;
}
export interface Contest {
  id: string; name: string; office: string; district: string; unit: string; votes_allowed: number; choices: Choice[];
}
export interface Contests extends Envelope { contests: Contest[]; next_cursor: string | null }
export interface Result {
  contest: string; unit: string; unit_name: string; level: string; method: string | null; ballots: number;
  choices: { choice: string; votes: number }[]; undervotes: number; overvotes: number;
  units_reporting: number; units_total: number;
}
export interface Results extends Envelope { results: Result[]; next_cursor: string | null; total?: number }
export interface Turnout {
  unit: string; unit_name: string; level: string; ballots: number; registered: number | null;
  ballots_expected: number | null; share: number | null; complete: boolean;
}
export interface Turnouts extends Envelope { turnout: Turnout[]; next_cursor: string | null; total?: number }
export interface Unit {
  id: string; name: string; level: string; code: string; parent: string | null; children: number;
}
export interface Units extends Envelope { units: Unit[]; next_cursor: string | null }
export interface Books {
  shard?: number; received: number; counted: number; replayed: number; double_vote: number; not_eligible: number;
  invalid: number; closed: number; balanced: boolean;
}
export interface Accounting extends Envelope { total: Books; shards: Books[] }

export class ApiError extends Error {
  constructor(readonly status: number, detail: string) { super(detail); }
}

interface Kept { etag: string; body: unknown }
const KEPT_MAX = 64;
const kept = new Map<string, Kept>();

export type Query = Record<string, string | number | null | undefined>;

export async function get<T>(path: string, query: Query = {}): Promise<T> {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query))
    if (value !== null && value !== undefined && value !== '') search.set(key, String(value));
  const url = `/api/v1/${path}${search.size ? `?${search}` : ''}`;
  const before = kept.get(url);
  const headers: HeadersInit = { Accept: 'application/json' };
  if (before) headers['If-None-Match'] = before.etag;
  const response = await fetch(url, { headers, cache: 'no-store', signal: AbortSignal.timeout(10_000) });
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
