// The election as a whole.
import { isStatic } from '../../api/fetch.ts';
import { number } from '../../format.ts';
import { contest, election } from '../../state.ts';
import { text } from '../../text/index.ts';
import { reportingWord } from '../parts.tsx';

export function Electorate() {
  const about = election.value?.election;
  if (!about) return null;
  return (
    <section class="electorate">
      <h3>{text.electorate}</h3>
      <dl class="figures">
        <div>
          <dt>{text.registered}</dt>
          <dd>
            {about.registered === null ? '–' : number(about.registered)}
            {about.registered === null && <small>{text.notKnown}</small>}
          </dd>
        </div>
        <div>
          <dt>{text.took}</dt>
          <dd>{number(about.ballots_counted ?? about.ballots)}</dd>
        </div>
        <div>
          <dt>{text.candidates}</dt>
          <dd>{number(about.candidates)}</dd>
        </div>
        <div>
          <dt>{text.contestsCount}</dt>
          <dd>{number(about.contests)}</dd>
        </div>
        <div>
          <dt>{text.reporting}</dt>
          <dd>
            {number(about.leaves_reporting)}
            <small>{reportingWord(about.leaves_reporting, about.leaves, about.units_partial)}</small>
          </dd>
        </div>
      </dl>
      <p class="aside">
        {text.unofficialWhy} {text.publication[election.value!.publication]} {text.dataWhy}{' '}
        {isStatic ? (
          <>
            {contest.value && <a href={`latest/${contest.value.id}.csv`}>CSV</a>} <a href="latest.json">JSON</a>
          </>
        ) : (
          <>
            <a href="/api/v1/results.csv?level=leaf&spreadsheet=1">CSV</a>, <a href="/openapi.json">OpenAPI</a>.
          </>
        )}
      </p>
    </section>
  );
}
