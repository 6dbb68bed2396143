// Small parts that several views use.
import { useEffect, useState } from 'preact/hooks';
import type { Candidate, Choice, Contest, OneCandidate } from '../api/types.ts';
import { get } from '../api/fetch.ts';
import { colorOf, inkOn } from '../colors.ts';
import { embedded } from '../embed.ts';
import { initials, number } from '../format.ts';
import { link } from '../route.ts';
import { byReport, election } from '../state.ts';
import { text } from '../text/index.ts';

export const parties = () => election.value?.election.parties ?? [];
export const partyName = (id: string | null) => (id ? (parties().find((p) => p.id === id)?.name ?? id) : text.noParty);
// What a number of ballots and a share of the count are of, where votes are shown by report.
export const ballotsWord = () => (byReport.value ? text.ballotsShown : text.ballots);
export const reportingWord = (final: number, all: number, partial: number) =>
  text.reportingOf(number(final), number(all)) + (partial > 0 ? text.reportingPartial(partial) : '');
export const inWord = () => (byReport.value ? text.shownIn : text.countedIn);

const asked = new Map<string, Promise<OneCandidate>>();
export function candidateOf(id: string): Promise<OneCandidate> {
  let answer = asked.get(id);
  if (!answer) {
    answer = get<OneCandidate>(`candidates/${encodeURIComponent(id)}`, { limit: 1 });
    answer.catch(() => asked.delete(id));
    asked.set(id, answer);
  }
  return answer;
}

// The candidate's photo, or initials on the colour of the choice.
export function Portrait({ contest, choice }: { contest: Contest; choice: Choice }) {
  const [known, setKnown] = useState<Candidate | null>(null);
  useEffect(() => {
    let wanted = true;
    setKnown(null);
    if (choice.candidate)
      candidateOf(choice.candidate).then(
        (one) => {
          if (wanted) setKnown(one.candidate);
        },
        () => {},
      );
    return () => {
      wanted = false;
    };
  }, [choice.candidate]);
  const color = colorOf(contest, parties(), choice);
  return (
    <span class="portrait" style={{ background: color, color: inkOn(color), borderColor: color }} aria-hidden="true">
      {known?.photo_url ? <img src={known.photo_url} alt="" width="96" height="96" /> : initials(choice.name)}
    </span>
  );
}

export function Swatch({ contest, choice }: { contest: Contest; choice: Choice }) {
  return <span class="swatch" style={{ background: colorOf(contest, parties(), choice) }} aria-hidden="true" />;
}

export function Name({ choice, name }: { choice: Choice; name: string }) {
  return choice.candidate && !embedded ? (
    <a class="who" href={link({ candidate: choice.candidate })} title={text.about(name)}>
      {name}
    </a>
  ) : (
    <>{name}</>
  );
}
