import { useEffect, useRef, useState } from 'preact/hooks';
import type { OneCandidate } from '../api/types.ts';
import { get } from '../api/fetch.ts';
import { colorOf } from '../colors.ts';
import { number } from '../format.ts';
import { go, link, route, toContest } from '../route.ts';
import { contests, newest } from '../state.ts';
import { parties, partyName, Portrait } from './parts.tsx';
import { text } from '../text.ts';

const WHERE = 8;

// A dialog: the browser keeps the focus in it, closes it with Escape and gives
// the focus back.
export function CandidateDialog() {
  const id = route.value.candidate;
  const [one, setOne] = useState<OneCandidate | null>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  const version = newest.value?.as_of;
  useEffect(() => {
    let wanted = true;
    if (!id) {
      setOne(null);
      return undefined;
    }
    get<OneCandidate>(`candidates/${encodeURIComponent(id)}`, { limit: 1000 }).then(
      (answer) => {
        if (wanted) setOne(answer);
      },
      () => {
        if (wanted) go({ candidate: '' });
      },
    );
    return () => {
      wanted = false;
    };
  }, [id]);
  useEffect(() => {
    if (one && dialog.current && !dialog.current.open) dialog.current.showModal();
  }, [one]);
  if (!id || !one || one.candidate.id !== id) return null;
  const who = one.candidate;
  const stands = who.choices.map((c) => ({ ...c, of: contests.value.find((x) => x.id === c.contest) }));
  const own = stands[0]?.of?.choices.find((c) => c.id === stands[0]!.choice);
  const where = [...one.where]
    .sort((a, b) => b.votes - a.votes)
    .filter((w) => w.votes > 0)
    .slice(0, WHERE);
  return (
    <dialog
      ref={dialog}
      class="candidate"
      aria-labelledby="candidate-name"
      onClose={() => go({ candidate: '' })}
      onClick={(e) => {
        if (e.target === dialog.current) dialog.current!.close();
      }}
      data-version={version}
    >
      <div class="sheet">
        <div class="person first">
          {own && stands[0]!.of && <Portrait contest={stands[0]!.of!} choice={own} />}
          <div class="about">
            <h2 id="candidate-name">{who.name}</h2>
            <p class="party">
              {who.party && (
                <span
                  class="swatch"
                  aria-hidden="true"
                  style={{ background: own && stands[0]!.of ? colorOf(stands[0]!.of!, parties(), own) : undefined }}
                />
              )}
              {partyName(who.party)}
            </p>
          </div>
        </div>
        {who.biography && (
          <>
            <h3>{text.biography}</h3>
            <p class="prose">{who.biography}</p>
          </>
        )}
        {who.platform && (
          <>
            <h3>{text.platform}</h3>
            <p class="prose">{who.platform}</p>
          </>
        )}
        {!who.biography && !who.platform && <p class="aside">{text.noDetails}</p>}
        <h3>{text.standsIn}</h3>
        <ul class="plain">
          {stands.map((c) => (
            <li key={c.contest + c.choice}>
              <a href={toContest(c.contest)}>{c.of?.name ?? c.contest}</a> {c.party && partyName(c.party)}{' '}
              <strong>{text.votesOf(number(c.votes))}</strong>
            </li>
          ))}
        </ul>
        {where.length > 0 && (
          <>
            <h3>{text.where}</h3>
            <ul class="plain">
              {where.map((w) => (
                <li key={w.unit}>
                  <a href={link({ unit: w.unit, candidate: '' })}>{w.unit_name}</a> {number(w.votes)}
                </li>
              ))}
            </ul>
          </>
        )}
        <button type="button" onClick={() => dialog.current!.close()}>
          {text.close}
        </button>
      </div>
    </dialog>
  );
}
