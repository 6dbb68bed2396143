import { effect, signal } from '@preact/signals';
import { render } from 'preact';
import { embedded, tellHeight } from './embed.ts';
import { percent, percentIn } from './format.ts';
import { start } from './live.ts';
import { lines, partIn } from './race.ts';
import { link, route, toUnit } from './route.ts';
import { overview } from './overview.ts';
import { contest, contests, election, scope, shown, test, trouble, turnoutFor } from './state.ts';
import { text } from './text/index.ts';
import { CandidateDialog } from './views/Candidate.tsx';
import { Contests } from './views/Contests.tsx';
import { Embed } from './views/Embed.tsx';
import { Books } from './views/foot/Books.tsx';
import { Electorate } from './views/foot/Electorate.tsx';
import { Health } from './views/foot/Health.tsx';
import { Header } from './views/Header.tsx';
import { Map_ } from './views/map/Map.tsx';
import { Methods } from './views/Methods.tsx';
import { OverviewOf } from './views/overview/Overview.tsx';
import { Places } from './views/places/Places.tsx';
import { Choices, Race } from './views/race/Race.tsx';
import { Over } from './views/series/Over.tsx';

function Trail() {
  const path = scope.value?.path ?? [];
  return (
    <nav class="trail" aria-label={text.path}>
      <ol>
        {path.map((u, i) => (
          <li key={u.id}>
            {i + 1 < path.length ? <a href={toUnit(u.id)}>{u.name}</a> : <span aria-current="page">{u.name}</span>}
          </li>
        ))}
      </ol>
    </nav>
  );
}

function Empty({ says, back }: { says: string; back?: boolean }) {
  return (
    <div class="empty">
      <p role="status">{says}</p>
      {back && (
        <p>
          <a href="#/">{text.toOverview}</a>
        </p>
      )}
    </div>
  );
}

function Main() {
  if (trouble.value?.kind === 'missing') return <Empty says={text.troubles.missing} back />;
  if (!election.value) return <Empty says={trouble.value ? text.nothingYet : text.loading} />;
  const chosen = contest.value;
  if (!chosen && contests.value.length > 0 && route.value.contest) return <Empty says={text.troubles.missing} back />;
  if (!route.value.contest && overview.value && contests.value.length > 1) return <OverviewOf />;
  if (!chosen || !scope.value) return <Empty says={text.loading} />;
  if (embedded) return <Embed contest={chosen} />;
  const named = election.value.election.methods.find((m) => m.id === route.value.method);
  return (
    <>
      <Trail />
      <h2>
        {chosen.name}
        {scope.value.unit.id !== chosen.unit && <span class="at">{scope.value.unit.name}</span>}
      </h2>
      {named && (
        <p class="only">
          {text.onlyMethod(named.name)} <a href={link({ method: '' })}>{text.allMethods}</a>
        </p>
      )}
      <Race contest={chosen} />
      <div class="two">
        <Choices contest={chosen} />
        <Map_ contest={chosen} />
      </div>
      <Places contest={chosen} />
      <Methods contest={chosen} />
      <Over contest={chosen} />
    </>
  );
}

function Frame() {
  return (
    <>
      {test.value && <p class="test">{text.test}</p>}
      <main id="results">
        <Main />
      </main>
      <Announcer />
    </>
  );
}

function App() {
  return (
    <>
      {test.value && (
        <aside class="test" aria-label={text.test}>
          <p role="note">
            <strong>{text.test}</strong> {text.testWhy}
          </p>
        </aside>
      )}
      <Header />
      <div class="columns">
        <Contests />
        <main id="results" tabIndex={-1}>
          <Main />
        </main>
      </div>
      <footer>
        <Electorate />
        <Health />
        <Books />
      </footer>
      <Announcer />
      <CandidateDialog />
    </>
  );
}

// ---- said quietly: at most every half minute, and only when something changed ----

const ANNOUNCE_MS = 30_000;
const said = signal('');
let saidAt = 0;

const Announcer = () => (
  <p class="visually-hidden" aria-live="polite">
    {said.value}
  </p>
);

effect(() => {
  const chosen = contest.value,
    now = shown.value;
  const first = chosen && now ? lines(chosen, now).find((line) => line.racing) : undefined;
  const lead = first && first.votes > 0 ? text.leads(first.name, percent(first.share)) : '';
  document.title = text.title(chosen ? chosen.name : (election.value?.election.name ?? 'Psephos'), lead, test.value);
  if (!first || !now || first.votes === 0 || Date.now() - saidAt < ANNOUNCE_MS) return;
  saidAt = Date.now();
  const part = partIn(now, turnoutFor(now));
  said.value = text.announce(first.name, first.votes, percent(first.share), percentIn(part));
});

start();
document.documentElement.classList.toggle('embed', embedded);
render(embedded ? <Frame /> : <App />, document.getElementById('app')!);
tellHeight();
