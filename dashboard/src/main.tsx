import { render } from 'preact';
import { contest, election, link, missing, start, trail, trouble } from './state.ts';
import { text } from './text.ts';
import { Books } from './views/Books.tsx';
import { Contests } from './views/Contests.tsx';
import { Header } from './views/Header.tsx';
import { Places } from './views/Places.tsx';
import { Race } from './views/Race.tsx';

function Trail() {
  return (
    <nav class="trail" aria-label={text.places}>
      <ol>{trail.value.map((u, i) => <li key={u.id}>{i + 1 < trail.value.length ? <a href={link({ unit: u.id })}>{u.name}</a> : <span aria-current="page">{u.name}</span>}</li>)}</ol>
    </nav>
  );
}

function Main() {
  if (missing.value) return <p class="empty">{text.notFound}</p>;
  if (!election.value) return <p class="empty" role="status">{trouble.value ? text.unreachable : text.loading}</p>;
  const chosen = contest.value;
  if (!chosen) return <p class="empty" role="status">{text.loading}</p>;
  return (
    <>
      <Trail />
      <h2>{chosen.name}</h2>
      <Race contest={chosen} />
      <Places contest={chosen} />
      <Books />
    </>
  );
}

function App() {
  return (
    <>
      <Header />
      <div class="columns">
        <Contests />
        <main id="results" tabIndex={-1}><Main /></main>
      </div>
    </>
  );
}

start();
render(<App />, document.getElementById('app')!);
