// What the page calls the answers of the REST API and their parts. The types are
// those of the collector's openapi.json (schema.ts); only names are given here.
import type * as Schema from './schema.ts';

export type {
  Accounting,
  BoardEvent,
  Choice,
  Close,
  Contest,
  Contests,
  Election,
  Entry,
  Group,
  Leaders,
  Overview,
  Result,
  Results,
  Series,
  Shards,
  Stander,
  Units,
} from './schema.ts';
export type OneCandidate = Schema.Candidate;
export type OneUnit = Schema.Unit;
export type Turnouts = Schema.Turnout;

export type Envelope = Pick<Schema.Election, 'version' | 'as_of' | 'stale' | 'status' | 'mode' | 'publication'>;
export type Candidate = Schema.Candidate['candidate'];
export type MapOf = NonNullable<Schema.Election['election']['map']>;
export type Party = Schema.Election['election']['parties'][number];
export type Shard = Schema.ShardState;
export type Turnout = Schema.UnitTurnout;
export type Unit = Schema.Units['units'][number];
/** Of a shard, or of all. */
export type Books = Omit<Schema.Accounting['shards'][number], 'shard'>;
