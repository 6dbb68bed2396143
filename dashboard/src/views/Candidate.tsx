// A candidate: who it is, where it stands, where its votes come from.
import { useEffect, useRef } from 'preact/hooks';
import type { Candidate, OneCandidate } from '../api/types.ts';
import { colorOf } from '../colors.ts';
import { number } from '../format.ts';
import { go, link, route, toContest } from '../route.ts';
import { candidate, contests } from '../state.ts';
import { text } from '../text/index.ts';
import { parties, partyName, Portrait } from './parts.tsx';

const WHERE = 8;

function Head({ who }: { who: Candidate }) {
  const first = who.choices[0];
  const contest = contests.value.find((c) => c.id === first?.contest);
  const own = contest?.choices.find((c) => c.id === first!.choice);
  return (
    <div class="person first">
      {own && contest && <Portrait contest={contest} choice={own} />}
      <div class="about">
        <h2 id="candidate-name">{who.name}</h2>
        <p class="party">
          {who.party && (
            <span
              class="swatch"
              aria-hidden="true"
              style={{ background: own && contest ? colorOf(contest, parties(), own) : undefined }}
            />
          )}
          {partyName(who.party)}
        </p>
      </div>
    </div>
  );
}

function Prose({ title, says }: { title: string; says: string | null }) {
  if (!says) return null;
  return (
    <>
      <h3>{title}</h3>
      <p class="prose">{says}</p>
    </>
  );
}

function Stands({ who }: { who: Candidate }) {
  return (
    <>
      <h3>{text.standsIn}</h3>
      <ul class="plain">
        {who.choices.map((c) => (
          <li key={c.contest + c.choice}>
            <a href={toContest(c.contest)}>{contests.value.find((x) => x.id === c.contest)?.name ?? c.contest}</a>{' '}
            {c.party && partyName(c.party)}{' '}
            <strong>{c.votes === null ? text.notReportedHere : text.votesOf(c.votes)}</strong>
          </li>
        ))}
      </ul>
    </>
  );
}

function Where({ where }: { where: OneCandidate['where'] }) {
  const most = [...where]
    .sort((a, b) => (b.votes ?? 0) - (a.votes ?? 0))
    .filter((w) => w.votes)
    .slice(0, WHERE);
  if (most.length === 0) return null;
  return (
    <>
      <h3>{text.where}</h3>
      <ul class="plain">
        {most.map((w) => (
          <li key={w.unit}>
            <a href={link({ unit: w.unit, candidate: '' })}>{w.unit_name}</a> {number(w.votes ?? 0)}
          </li>
        ))}
      </ul>
    </>
  );
}

// A dialog: the browser keeps the focus in it, closes it with Escape and gives
// the focus back.
export function CandidateDialog() {
  const one = candidate.value?.candidate.id === route.value.candidate ? candidate.value : null;
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (one && dialog.current && !dialog.current.open) dialog.current.showModal();
  }, [one]);
  if (!one) return null;
  const who = one.candidate;
  return (
    <dialog
      ref={dialog}
      class="candidate"
      aria-labelledby="candidate-name"
      onClose={() => go({ candidate: '' })}
      onClick={(e) => {
        if (e.target === dialog.current) dialog.current!.close();
      }}
    >
      <div class="sheet">
        <Head who={who} />
        <Prose title={text.biography} says={who.biography} />
        <Prose title={text.platform} says={who.platform} />
        {!who.biography && !who.platform && <p class="aside">{text.noDetails}</p>}
        <Stands who={who} />
        <Where where={one.where} />
        <button type="button" onClick={() => dialog.current!.close()}>
          {text.close}
        </button>
      </div>
    </dialog>
  );
}
