import { date, time } from '../format.ts';
import { election, mode, modes, newest, refresh, trouble } from '../state.ts';
import type { Mode } from '../state.ts';
import { text } from '../text.ts';

const modeName = (m: Mode): string => (m === 'live' ? text.live : m === 'paused' ? text.paused : text.every(m));

export function Header() {
  const about = election.value?.election;
  const asOf = newest.value?.as_of;
  return (
    <header class="top">
      <a class="skip" href="#results">{text.skip}</a>
      <div class="title">
        <h1>{about?.name ?? 'Psephos'}</h1>
        <p class="sub">
          {about && <><time dateTime={about.date}>{date(about.date)}</time> · <span>{text.states[about.state] ?? about.state}</span> · </>}
          <abbr class="badge" title={text.unofficialWhy}>{text.unofficial}</abbr>
        </p>
      </div>
      <div class="refresh">
        <span class="as-of">{asOf ? text.lastRefreshed(time(asOf)) : text.neverRefreshed}</span>
        <label>
          <span class="visually-hidden">{text.refreshInterval}</span>
          <select value={String(mode.value)} onChange={(e) => {
            const value = e.currentTarget.value;
            mode.value = modes.find((m) => String(m) === value) ?? 'live';
          }}>
            {modes.map((m) => <option key={m} value={String(m)}>{modeName(m)}</option>)}
          </select>
        </label>
        <button type="button" onClick={() => void refresh()}>{text.refresh}</button>
      </div>
      {trouble.value && <p class="warning" role="alert">{text.unreachable}</p>}
      {!trouble.value && newest.value?.stale && <p class="warning" role="status">{text.stale}</p>}
    </header>
  );
}
