import { effect, signal } from '@preact/signals';
import { date, timeThere } from '../format.ts';
import { silentSince } from '../api/fetch.ts';
import { connected, mode, modes } from '../live.ts';
import type { Mode } from '../live.ts';
import { byReport, contests, election, newest, refresh, settled, shards, state, trouble } from '../state.ts';
import { route } from '../route.ts';
import { text } from '../text/index.ts';
import { inLanguage, language, languages } from '../text/language.ts';
import type { Language } from '../text/language.ts';
import { BackLink } from './overview/BackLink.tsx';

const modeName = (m: Mode): string => (m === 'live' ? text.live : m === 'paused' ? text.paused : text.every(m));

const THEMES = ['auto', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];
// In a frame the browser may refuse to keep anything.
function kept(): string | null {
  try {
    return localStorage.getItem('theme');
  } catch {
    return null;
  }
}
const theme = signal<Theme>(THEMES.find((one) => one === kept()) ?? 'auto');
effect(() => {
  document.documentElement.dataset.theme = theme.value;
  try {
    if (theme.value === 'auto') localStorage.removeItem('theme');
    else localStorage.setItem('theme', theme.value);
  } catch {
    /* then for this visit */
  }
});

export function Warnings() {
  const wrong = trouble.value;
  const silent = shards.value?.list.filter((s) => s.stale).map((s) => text.staleShard(s.shard)) ?? [];
  if (wrong && wrong.kind !== 'missing')
    return (
      <p class="warning" role="alert">
        {text.troubles[wrong.kind]}
        {wrong.kind === 'refused' && ` ${wrong.detail}`}
      </p>
    );
  if (silentSince && settled.value) return null;
  if (newest.value?.stale)
    return (
      <p class="warning" role="status">
        {silentSince ? text.notUpdated(timeThere(silentSince)) : text.stale(silent.join(', ') || text.staleWord)}
      </p>
    );
  return null;
}

// Loads the page again: nothing is lost but the curve's last seconds.
function Chooser() {
  return (
    <select
      class="language"
      aria-label={text.language}
      value={language}
      onChange={(e) => location.assign(inLanguage(e.currentTarget.value as Language))}
    >
      {Object.entries(languages).map(([tag, name]) => (
        <option key={tag} value={tag} lang={tag}>
          {name}
        </option>
      ))}
    </select>
  );
}

export function Header() {
  const about = election.value?.election;
  const asOf = newest.value?.as_of;
  const running = mode.value === 'live' && connected.value && !newest.value?.stale;
  return (
    <header class="top">
      <a
        class="skip"
        href="#results"
        onClick={(e) => {
          e.preventDefault();
          document.getElementById('results')?.focus();
        }}
      >
        {text.skip}
      </a>
      <div class="title">
        {route.value.contest !== '' && contests.value.length > 1 && <BackLink />}
        <h1>{about?.name ?? 'Psephos'}</h1>
        <p class="sub">
          {about && (
            <>
              <time dateTime={about.date}>{date(about.date)}</time>{' '}
              <span class="state">{text.states[state.value]}</span>
            </>
          )}
          <span class="badge" title={text.unofficialWhy}>
            {text.unofficial}
          </span>
          {byReport.value && (
            <span class="badge" title={text.publication.reports}>
              {text.byReport}
            </span>
          )}
        </p>
      </div>
      <div class="refresh">
        <span class="as-of">
          <span class={running ? 'dot on' : 'dot'} aria-hidden="true" />
          {asOf ? text.lastRefreshed(timeThere(asOf)) : text.neverRefreshed}
        </span>
        <select
          aria-label={text.refreshInterval}
          value={String(mode.value)}
          onChange={(e) => {
            const value = e.currentTarget.value;
            mode.value = modes.find((m) => String(m) === value) ?? 'live';
          }}
        >
          {modes.map((m) => (
            <option key={m} value={String(m)}>
              {modeName(m)}
            </option>
          ))}
        </select>
        <button type="button" onClick={() => void refresh()}>
          {text.refresh}
        </button>
        <button
          type="button"
          class="theme"
          aria-label={text.themes[theme.value]}
          onClick={() => {
            theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length]!;
          }}
        >
          <span aria-hidden="true">
            ◐<span class="word"> {text.themes[theme.value]}</span>
          </span>
        </button>
        <Chooser />
      </div>
      <Warnings />
    </header>
  );
}
