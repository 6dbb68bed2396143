// One fetch. Every part of a screen is asked of one version, the pinned one, so that no
// two figures are of different counts; what is asked of the newest costs a 304 while
// nothing is new.

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

// The version that is asked for; '' the newest.
let pinned = '';
const VERSIONED = /^(election$|contests|overview|results|candidates|turnout|units|accounting|leaders|shards)/;
export const pin = (version: string): void => {
  pinned = version;
};
/** The version is not kept any more, or was another process's: begin again with the newest. */
export const isGone = (error: unknown): boolean => error instanceof ApiError && error.status === 410;

// Names in another language than the election's first; '' before it is chosen.
let spoken = '';
const NAMED = /^(election$|contests|overview|results|candidates|turnout|units|stream)/;

// The first of the reader's languages that the election has, if that is not its first.
export function speak(languages: string[], reader: readonly string[]): void {
  const primary = (tag: string) => tag.toLowerCase().split('-')[0];
  const found = reader.map((tag) => languages.find((one) => primary(one) === primary(tag))).find(Boolean);
  spoken = found && found !== languages[0] ? found : '';
}

export function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query))
    if (value !== null && value !== undefined && value !== '') search.set(key, String(value));
  if (spoken && NAMED.test(path)) search.set('lang', spoken);
  if (pinned && VERSIONED.test(path)) search.set('version', pinned);
  return `/api/v1/${path}${search.size ? `?${search}` : ''}`;
}

// In a folder of `psephos publish` the answers are made of its files, by code that is
// loaded only there.
export const isStatic = document.querySelector('meta[name="psephos-source"]')?.getAttribute('content') === 'static';
/** When whoever writes those files last did, if that is too long ago; '' if not. */
export let silentSince = '';
async function fromFiles<T>(path: string, query: Query): Promise<T> {
  const files = await import('./static.ts');
  try {
    const answer = (await files.answer(path, query, spoken, pinned)) as T;
    silentSince = files.silentSince();
    return answer;
  } catch (error) {
    const { status, message } = error as { status?: number; message: string };
    throw status === undefined ? error : new ApiError(status, message);
  }
}

// Of the definition's map.
export const mapAddress = async (): Promise<string> =>
  (isStatic && (await (await import('./static.ts')).mapFile())) || '/api/v1/map';

export async function get<T>(path: string, query: Query = {}): Promise<T> {
  if (isStatic) return fromFiles<T>(path, query);
  const url = address(path, query);
  const before = kept.get(url);
  const headers: HeadersInit = { Accept: 'application/json' };
  if (before) headers['If-None-Match'] = before.etag;
  const response = await fetch(url, { headers, cache: 'no-store', signal: AbortSignal.timeout(WAIT_MS) });
  if (response.status === 304 && before) return before.body as T;
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(response.status, body.detail ?? response.statusText);
  const etag = response.headers.get('ETag');
  if (etag && !url.includes('version=')) {
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
