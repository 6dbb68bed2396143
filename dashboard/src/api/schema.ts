// Made from collector/openapi.json by `npm run types`; not to be edited.
export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    /** @description What the answer is true as of: a log index of every shard. */
    Version: {
      /** @description Names this version of this collector process: for version= and since=. Another state, also with the same number, has another. */
      id: string;
      /** @description Sum of the epochs * 2^40 + sum of the indexes: never lower in a later version. */
      number: number;
      cluster: string;
      shards: {
        shard: number;
        epoch: number;
        index: number;
      }[];
    };
    /** @description RFC 9457. */
    Problem: {
      type: string;
      title: string;
      status: number;
      /** @description What is wrong and what to do. */
      detail: string;
    };
    Election: {
      version: components['schemas']['Version'];
      as_of: components['schemas']['AsOf'];
      as_of_ahead?: components['schemas']['AsOfAhead'];
      stale: components['schemas']['Stale'];
      status: components['schemas']['Unofficial'];
      mode: components['schemas']['Mode'];
      publication: components['schemas']['Publication'];
      election: {
        id: components['schemas']['Id'];
        name: string;
        names?: components['schemas']['Names'];
        /** Format: date */
        date: string;
        /** @description IANA's name; null: not said. */
        time_zone: string | null;
        /** @description Of what is published; null: not said. */
        source: string | null;
        /** @description Of what is published; null: not said. */
        licence: string | null;
        /** @description BCP 47; names are in the first unless lang asks for another. Empty: of no stated language. */
        languages: string[];
        /** @enum {string} */
        state: 'new' | 'open' | 'closed';
        /**
         * @description When numbers of ballots are shown: as they come, or with reports, too.
         * @enum {string}
         */
        turnout: 'immediate' | 'reports';
        /** @description Ballots by which a row must have moved to be shown anew, where publication is reports. */
        report_min: number;
        definition_hash: string;
        root: components['schemas']['Id'];
        contests: number;
        candidates: number;
        units: number;
        leaves: number;
        leaves_reporting: components['schemas']['UnitsReporting'];
        units_partial: components['schemas']['UnitsPartial'];
        /** @description Ballots shown. */
        ballots: number;
        ballots_counted: components['schemas']['BallotsCounted'];
        registered: number | null;
        ballots_expected: number | null;
        report_under_way: components['schemas']['UnderWay'];
        levels: {
          level: components['schemas']['Level'];
          name: string;
          names?: components['schemas']['Names'];
          plural: string;
          plurals?: components['schemas']['Names'];
          units: number;
        }[];
        methods: {
          id: components['schemas']['Id'];
          name: string;
          names?: components['schemas']['Names'];
        }[];
        parties: {
          id: components['schemas']['Id'];
          name: string;
          names?: components['schemas']['Names'];
          color: string | null;
          /** @description The alliance's name; null: none. */
          alliance: string | null;
        }[];
        map: {
          file: string;
          object: string;
          key: string;
        } | null;
      };
    };
    Contests: {
      version: components['schemas']['Version'];
      as_of: components['schemas']['AsOf'];
      as_of_ahead?: components['schemas']['AsOfAhead'];
      stale: components['schemas']['Stale'];
      status: components['schemas']['Unofficial'];
      mode: components['schemas']['Mode'];
      publication: components['schemas']['Publication'];
      contests: components['schemas']['Contest'][];
      next_cursor: components['schemas']['NextCursor'];
    };
    Results: {
      version: components['schemas']['Version'];
      as_of: components['schemas']['AsOf'];
      as_of_ahead?: components['schemas']['AsOfAhead'];
      stale: components['schemas']['Stale'];
      status: components['schemas']['Unofficial'];
      mode: components['schemas']['Mode'];
      publication: components['schemas']['Publication'];
      results: components['schemas']['Result'][];
      next_cursor: components['schemas']['NextCursor'];
      /** @description Items in all pages. null: not counted, because more than one contest was asked for and there are more pages. */
      total: number | null;
    };
    CandidateChoice: {
      contest: components['schemas']['Id'];
      choice: components['schemas']['Id'];
      party: components['schemas']['IdOrNull'];
      /** @description null: held. */
      votes: number | null;
    };
    Candidates: {
      version: components['schemas']['Version'];
      as_of: components['schemas']['AsOf'];
      as_of_ahead?: components['schemas']['AsOfAhead'];
      stale: components['schemas']['Stale'];
      status: components['schemas']['Unofficial'];
      mode: components['schemas']['Mode'];
      publication: components['schemas']['Publication'];
      candidates: {
        id: components['schemas']['Id'];
        name: string;
        names?: components['schemas']['Names'];
        party: components['schemas']['IdOrNull'];
        photo: string | null;
        /** @description null: held, no row with one of the choices was reported yet. */
        votes: number | null;
        choices: components['schemas']['CandidateChoice'][];
        /** @description Path where this collector serves the photo; null: it has none. */
        photo_url: string | null;
      }[];
      next_cursor: components['schemas']['NextCursor'];
    };
    Candidate: {
      version: components['schemas']['Version'];
      as_of: components['schemas']['AsOf'];
      as_of_ahead?: components['schemas']['AsOfAhead'];
      stale: components['schemas']['Stale'];
      status: components['schemas']['Unofficial'];
      mode: components['schemas']['Mode'];
      publication: components['schemas']['Publication'];
      candidate: {
        id: components['schemas']['Id'];
        name: string;
        names?: components['schemas']['Names'];
        party: components['schemas']['IdOrNull'];
        photo: string | null;
        biography: string | null;
        platform: string | null;
        /** @description null: held, no row with one of the choices was reported yet. */
        votes: number | null;
        choices: components['schemas']['CandidateChoice'][];
        /** @description Path where this collector serves the photo; null: it has none. */
        photo_url: string | null;
      };
      where: {
        unit: components['schemas']['Id'];
        unit_name: string;
        level: components['schemas']['Level'];
        /** @description null: held. */
        votes: number | null;
      }[];
      next_cursor: components['schemas']['NextCursor'];
    };
    Turnout: {
      version: components['schemas']['Version'];
      as_of: components['schemas']['AsOf'];
      as_of_ahead?: components['schemas']['AsOfAhead'];
      stale: components['schemas']['Stale'];
      status: components['schemas']['Unofficial'];
      mode: components['schemas']['Mode'];
      publication: components['schemas']['Publication'];
      turnout: components['schemas']['UnitTurnout'][];
      next_cursor: components['schemas']['NextCursor'];
      /** @description Items in all pages. */
      total: number;
    };
    Units: {
      version: components['schemas']['Version'];
      as_of: components['schemas']['AsOf'];
      as_of_ahead?: components['schemas']['AsOfAhead'];
      stale: components['schemas']['Stale'];
      status: components['schemas']['Unofficial'];
      mode: components['schemas']['Mode'];
      publication: components['schemas']['Publication'];
      units: {
        id: components['schemas']['Id'];
        name: string;
        names?: components['schemas']['Names'];
        /** @description e.g. county FIPS; empty when there is none */
        code: string;
        level: components['schemas']['Level'];
        parent: components['schemas']['IdOrNull'];
        leaf: boolean;
        children: number;
        leaves: number;
        leaves_reporting: components['schemas']['UnitsReporting'];
        units_partial: components['schemas']['UnitsPartial'];
        /** @description Ballots shown. */
        ballots: number;
        ballots_counted: components['schemas']['BallotsCounted'];
        registered: number | null;
        ballots_expected: number | null;
        /** @description Every leaf has a final report. */
        complete: boolean;
        report: components['schemas']['ReportOrNull'];
        report_under_way: components['schemas']['UnderWay'];
      }[];
      next_cursor: components['schemas']['NextCursor'];
    };
    Unit: {
      version: components['schemas']['Version'];
      as_of: components['schemas']['AsOf'];
      as_of_ahead?: components['schemas']['AsOfAhead'];
      stale: components['schemas']['Stale'];
      status: components['schemas']['Unofficial'];
      mode: components['schemas']['Mode'];
      publication: components['schemas']['Publication'];
      unit: {
        id: components['schemas']['Id'];
        name: string;
        names?: components['schemas']['Names'];
        /** @description e.g. county FIPS; empty when there is none */
        code: string;
        level: components['schemas']['Level'];
        parent: components['schemas']['IdOrNull'];
        leaf: boolean;
        children: number;
        leaves: number;
        leaves_reporting: components['schemas']['UnitsReporting'];
        units_partial: components['schemas']['UnitsPartial'];
        /** @description Ballots shown. */
        ballots: number;
        ballots_counted: components['schemas']['BallotsCounted'];
        registered: number | null;
        ballots_expected: number | null;
        /** @description Every leaf has a final report. */
        complete: boolean;
        report: components['schemas']['ReportOrNull'];
        report_under_way: components['schemas']['UnderWay'];
        /** @description From the root down to the parent. */
        path: {
          unit: components['schemas']['Id'];
          unit_name: string;
          level: components['schemas']['Level'];
        }[];
      };
    };
    Accounting: {
      version: components['schemas']['Version'];
      as_of: components['schemas']['AsOf'];
      as_of_ahead?: components['schemas']['AsOfAhead'];
      stale: components['schemas']['Stale'];
      status: components['schemas']['Unofficial'];
      mode: components['schemas']['Mode'];
      publication: components['schemas']['Publication'];
      total: {
        /** @description Ballots decoded from committed entries. */
        received: number;
        counted: number;
        replayed: number;
        double_vote: number;
        not_eligible: number;
        invalid: number;
        closed: number;
        /** @description Ballots added to the totals. */
        added_ballots: number;
        /** @description Voter records marked counted. */
        voters_counted: number;
        /** @description Ballots in the rows that are shown. */
        shown: number;
        /** @description counted - shown: counted and not reported, or moved by less than report_min since. */
        held: number;
        /** @description Refused ballots whose first verdict is not remembered any more. */
        forgotten: number;
        /** @description received = counted + replayed + double_vote + not_eligible + invalid + closed; counted = added_ballots = voters_counted = the ballots in the totals; for the total also: every contest of every unit balances. */
        balanced: boolean;
      };
      shards: {
        shard: number;
        /** @description Ballots decoded from committed entries. */
        received: number;
        counted: number;
        replayed: number;
        double_vote: number;
        not_eligible: number;
        invalid: number;
        closed: number;
        /** @description Ballots added to the totals. */
        added_ballots: number;
        /** @description Voter records marked counted. */
        voters_counted: number;
        /** @description received = counted + replayed + double_vote + not_eligible + invalid + closed; counted = added_ballots = voters_counted = the ballots in the totals; for the total also: every contest of every unit balances. */
        balanced: boolean;
      }[];
    };
    Alive: {
      /** @constant */
      alive: true;
    };
    Ready: {
      /** @constant */
      ready: true;
      shards: number;
    };
    Cluster: {
      version: components['schemas']['Version'];
      as_of: components['schemas']['AsOf'];
      as_of_ahead?: components['schemas']['AsOfAhead'];
      stale: components['schemas']['Stale'];
      status: components['schemas']['Unofficial'];
      mode: components['schemas']['Mode'];
      publication: components['schemas']['Publication'];
      collector: number;
      shards: {
        shard: number;
        /** @enum {string} */
        state: 'unknown' | 'new' | 'open' | 'closed';
        epoch: number;
        index: number;
        state_hash: string;
        age_ms: number | null;
        stale: boolean;
        /** @description A replica contradicts what is shown, as far as is known now: an alarm. */
        diverged: boolean;
        divergence: null | {
          count: number;
          what: string;
          replica: number;
          epoch: number;
          index: number;
          held_hash: string;
          other_hash: string;
        };
        replicas: {
          replica: number;
          address: string;
          epoch: number;
          index: number;
          age_ms: number | null;
          /** @description Whether it has, or had when it was heard last, what is shown; false: it has another history, or has lost this one; null: not heard since the start, or it lags. */
          agrees: boolean | null;
        }[];
      }[];
    };
    Stations: {
      version: components['schemas']['Version'];
      as_of: components['schemas']['AsOf'];
      as_of_ahead?: components['schemas']['AsOfAhead'];
      stale: components['schemas']['Stale'];
      status: components['schemas']['Unofficial'];
      mode: components['schemas']['Mode'];
      publication: components['schemas']['Publication'];
      stations: {
        /** @description Of the station, in clients.json. */
        number: number;
        /** @description null where clients.json is not at hand, or does not list the number. */
        name: string | null;
        /** @description Units that its key is bound to; null: every unit, or not known. */
        units: null | components['schemas']['Id'][];
        /** @description Its ballots decoded from committed entries. */
        received: number;
        counted: number;
        replayed: number;
        double_vote: number;
        not_eligible: number;
        invalid: number;
        closed: number;
        /** @description Refused ballots whose first verdict is not remembered any more. */
        forgotten: number;
      }[];
      /** @description The stations' counters add up to the books. false: an alarm. */
      balanced: boolean;
    };
    Shards: {
      version: components['schemas']['Version'];
      as_of: components['schemas']['AsOf'];
      as_of_ahead?: components['schemas']['AsOfAhead'];
      stale: components['schemas']['Stale'];
      status: components['schemas']['Unofficial'];
      mode: components['schemas']['Mode'];
      publication: components['schemas']['Publication'];
      shards: components['schemas']['ShardState'][];
    };
    Leaders: {
      version: components['schemas']['Version'];
      as_of: components['schemas']['AsOf'];
      as_of_ahead?: components['schemas']['AsOfAhead'];
      stale: components['schemas']['Stale'];
      status: components['schemas']['Unofficial'];
      mode: components['schemas']['Mode'];
      publication: components['schemas']['Publication'];
      contest: components['schemas']['Id'];
      unit: components['schemas']['Id'];
      total: number;
      /** @description Position in the contest's choices of the first line of who leads; null: no vote yet, the first two are level, or held. Lines that name nobody never lead. */
      leader: (number | null)[];
      leader_votes: components['schemas']['CountsOrNull'];
      /** @description The same of the second; null: nobody else has a vote, no leader, or held. */
      second: (number | null)[];
      second_votes: components['schemas']['CountsOrNull'];
      /** @description Votes without blank and spoiled lines; null, as the other votes: held. */
      valid: (number | null)[];
      /** @description Ballots shown. */
      ballots: number[];
      /** @description Ballots counted, shown or not; null: not told. */
      ballots_counted: (number | null)[];
      units_reporting: components['schemas']['Counts'];
      units_partial: components['schemas']['Counts'];
      units_total: components['schemas']['Counts'];
      /** @description Of progress in /turnout: ballots shown, of each unit below at most those expected there; in every contest. */
      shown: number[];
      /** @description Ballots expected there; null: not known. */
      expected: (number | null)[];
      /** @description How many units there have more ballots than registered or expected. */
      units_over: number[];
      /** @description With choice: its votes; of a candidate's, the votes of all the candidate's lines. */
      choice_votes?: (number | null)[];
    };
    Series: {
      version: components['schemas']['Version'];
      as_of: components['schemas']['AsOf'];
      as_of_ahead?: components['schemas']['AsOfAhead'];
      stale: components['schemas']['Stale'];
      status: components['schemas']['Unofficial'];
      mode: components['schemas']['Mode'];
      publication: components['schemas']['Publication'];
      contest: components['schemas']['Id'];
      unit: components['schemas']['Id'];
      choices: components['schemas']['Id'][];
      /** @description A point is the newest count of a span of this length. */
      bucket_ms: number;
      /** @description Of what was shown: where publication is reports, from the first report on. */
      points: {
        /** Format: date-time */
        at: string;
        ballots: number;
        /** @description In the order of choices. */
        votes: number[];
      }[];
    };
    /** @description data of an event: board. An event: shards has the members of Shards. */
    BoardEvent: {
      version: components['schemas']['Version'];
      as_of: components['schemas']['AsOf'];
      as_of_ahead?: components['schemas']['AsOfAhead'];
      stale: components['schemas']['Stale'];
      status: components['schemas']['Unofficial'];
      mode: components['schemas']['Mode'];
      publication: components['schemas']['Publication'];
      /** @enum {string} */
      state: 'new' | 'open' | 'closed';
      balanced: boolean;
      shards: components['schemas']['ShardState'][];
      result: components['schemas']['Result'] | null;
      turnout: components['schemas']['UnitTurnout'];
    };
    Id: string;
    IdOrNull: string | null;
    /**
     * Format: date-time
     * @description Time of the newest partial, as its shard's leader wrote it; null before any shard has answered.
     */
    AsOf: string | null;
    /**
     * @description Only there when as_of lies more than 5 s ahead of this machine's clock: leaders' clocks were ahead. It stands still, as the points of /series do, until clocks reach it. The counts are right.
     * @constant
     */
    AsOfAhead: true;
    /** @description Some shard has sent nothing current for 3 seconds, or since the collector started. */
    Stale: boolean;
    /** @constant */
    Unofficial: 'unofficial';
    /**
     * @description test: the cluster is for trying, and no vote shown is a vote. The header X-Psephos-Mode of every answer says the same.
     * @enum {string}
     */
    Mode: 'live' | 'test';
    /**
     * @description When counts are shown: as they come, or as of a unit's last report. The election's own rule. The header X-Psephos-Publication of every answer says the same.
     * @enum {string}
     */
    Publication: 'immediate' | 'reports';
    /** @description ID of a level of units; /api/v1/election lists them, top to bottom. */
    Level: string;
    /** @description Give it as cursor to go on; null at the end. */
    NextCursor: string | null;
    Counts: number[];
    Result: {
      contest: components['schemas']['Id'];
      unit: components['schemas']['Id'];
      unit_name: string;
      level: components['schemas']['Level'];
      method: components['schemas']['IdOrNull'];
      /** @description Ballots shown, in leaves that vote on the contest. */
      ballots: number;
      /** @description Ballots counted, shown or not, in leaves that vote on the contest; null: not told (where publication is reports: by method, and with turnout reports). */
      ballots_counted: number | null;
      /** @description The choices on a ballot in the unit, zeros included. null: held, no row of it was reported yet. */
      choices: components['schemas']['ChoiceVotes'][] | null;
      /** @description null: held. */
      undervotes: number | null;
      /** @description null: held. */
      overvotes: number | null;
      /** @description Votes for all choices but blank and spoiled ones: the base of shares. null: held. */
      valid: number | null;
      /** @description Who can win, most votes first, equal ones in the election's order; lines that name nobody are in choices only. null: held. */
      candidates: components['schemas']['Entry'][] | null;
      /** @description null: held, no entry with a vote, or no more entries than seats. */
      margin: number | null;
      /**
       * @description first: of the first and the second. last_seat: with several seats, of the last that has one and the first that has none.
       * @enum {string}
       */
      margin_of: 'first' | 'last_seat';
      /** @description margin is 0 and those two have votes. null: held. */
      tied: boolean | null;
      units_reporting: components['schemas']['UnitsReporting'];
      units_partial: components['schemas']['UnitsPartial'];
      /** @description Leaves with a ballot shown. */
      units_started: number;
      /** @description Leaves that vote on the contest. */
      units_total: number;
      /** @description Of a leaf: the report that its row shows, which is older than the leaf's where the row has moved by less than report_min since. null: not a leaf, or held. */
      report: components['schemas']['Report'] | null;
    };
    ChoiceVotes: {
      choice: components['schemas']['Id'];
      votes: number;
    };
    /** @description Leaves with a final report. */
    UnitsReporting: number;
    UnitTurnout: {
      unit: components['schemas']['Id'];
      unit_name: string;
      level: components['schemas']['Level'];
      /** @description Ballots shown. */
      ballots: number;
      ballots_counted: components['schemas']['BallotsCounted'];
      registered: number | null;
      ballots_expected: number | null;
      /** @description ballots_counted / registered; where that is not told, ballots / registered. */
      share: number | null;
      /** @description Every leaf has a final report. */
      complete: boolean;
      units_partial: components['schemas']['UnitsPartial'];
      report: components['schemas']['ReportOrNull'];
      report_under_way: components['schemas']['UnderWay'];
      /** @description More ballots than voters registered; 0 registered are unknown in a unit with ballots. */
      over_registered: boolean;
      /** @description More ballots than expected. */
      over_expected: boolean;
      progress: components['schemas']['Progress'];
    };
    ShardState: {
      shard: number;
      epoch: number;
      index: number;
      replica: number;
      /** @description The replica that leads, as the one says that answered last; null: not known, or no answer for long. */
      leader: number | null;
      /** @description Log entries behind the newest that any replica said it has. */
      behind: number;
      /** @description Ballots counted, shown or not. */
      ballots: number;
      /** @description Since the shard last proved its state current; null: not since the start. */
      age_ms: number | null;
      stale: boolean;
      /** @description A replica contradicts what is shown, as far as is known now: an alarm. */
      diverged: boolean;
    };
    /** @description The members from ballots on are there with standing=1 only: the whole contest, all methods. */
    Contest: {
      id: components['schemas']['Id'];
      name: string;
      names?: components['schemas']['Names'];
      office: string;
      district: string;
      unit: components['schemas']['Id'];
      /** @description Contests of one group belong together; the office unless the election says otherwise. */
      group: string;
      party: components['schemas']['IdOrNull'];
      votes_allowed: number;
      seats: number;
      choices: components['schemas']['Choice'][];
      /** @description Ballots shown, in leaves that vote on the contest. */
      ballots?: number;
      /** @description Votes for all choices but blank and spoiled ones. null: held. */
      valid?: number | null;
      /** @description As in /results. null: held, no entry with a vote, or no more entries than seats. */
      margin?: number | null;
      /**
       * @description first: of the first and the second. last_seat: with several seats, of the last that has one and the first that has none.
       * @enum {string}
       */
      margin_of?: 'first' | 'last_seat';
      /** @description margin / valid; null without a margin. */
      share_margin?: number | null;
      /** @description margin is 0 and those two have votes. null: held. */
      tied?: boolean | null;
      /** @description The first by votes; null: held, or nobody has a vote. */
      leader?: components['schemas']['Stander'] | null;
      /** @description The next one; null: held, or nobody else has a vote. */
      second?: components['schemas']['Stander'] | null;
      /** @description Of the two whom the margin is between: the one who has the seat. null without a margin. */
      above?: components['schemas']['Stander'] | null;
      /** @description The one who has not. */
      below?: components['schemas']['Stander'] | null;
      units_reporting?: components['schemas']['UnitsReporting'];
      units_partial?: components['schemas']['UnitsPartial'];
      /** @description Leaves with a ballot shown. */
      units_started?: number;
      /** @description Leaves that vote on the contest. */
      units_total?: number;
    };
    Choice: {
      id: components['schemas']['Id'];
      name: string;
      names?: components['schemas']['Names'];
      /** @enum {string} */
      kind: 'candidate' | 'yes' | 'no' | 'blank' | 'spoiled' | 'write_in' | 'other';
      candidate: components['schemas']['IdOrNull'];
      party: components['schemas']['IdOrNull'];
    };
    /** @description Leaves with a report that is not final. */
    UnitsPartial: number;
    /** @description Ballots counted, shown or not; null: not told. */
    BallotsCounted: number | null;
    /** @description Some shards have a newer report of a leaf, and not yet all; or, after a restore, none has one of a leaf that shows one. */
    UnderWay: boolean;
    /** @description Where the report stands in the log of each shard: a receipt is covered when its index is at most this. null: not known any more, or not of all rows. */
    ReportIndexes:
      | {
          shard: number;
          index: number;
        }[]
      | null;
    /** @description A report: what stood in each shard's log at its entry is shown. */
    Report: {
      number: number;
      /** @description Of several leaves: of all. */
      final: boolean;
      /**
       * Format: date-time
       * @description Time of shard 0. null: not known any more, or not of all rows.
       */
      at: string | null;
      shards: components['schemas']['ReportIndexes'];
    };
    /** @description The last report that every shard has; of several leaves the newest. null: none. */
    ReportOrNull: components['schemas']['Report'] | null;
    CountsOrNull: (number | null)[];
    /** @description The name in each language of the election; left out where one name is for all. */
    Names: {
      [key: string]: string;
    };
    Entry: {
      /** @description null: a party's list, or an answer of a referendum. */
      candidate: components['schemas']['Id'] | null;
      name: string;
      /** @description The candidate's own, else that of the first line. */
      party: components['schemas']['Id'] | null;
      /** @description Of all its lines. */
      votes: number;
      /** @description votes / valid; null: no valid vote. */
      share: number | null;
      /** @description Its lines on a ballot in the unit. */
      choices: components['schemas']['Id'][];
    };
    Progress: {
      /** @description Ballots counted, of each unit below at most those expected there; null: not told. */
      counted: number | null;
      /** @description The same of ballots shown. */
      shown: number;
      /** @description null: not known. */
      expected: number | null;
      /** @description expected less counted, or where that is not told less shown; null: not known. */
      out: number | null;
      /** @description How many ballots can still be shown at most; null: not known. */
      ceiling: number | null;
      /**
       * @description registered: voters registered who are not among the ballots. estimate: in some unit of ballots expected, or of a figure that the ballots exceed.
       * @enum {string|null}
       */
      ceiling_of: 'registered' | 'estimate' | null;
      /** @description Units with more ballots than registered or expected: leaves, or a unit above when none below it is. At most the first 20. */
      over: components['schemas']['Id'][];
      /** @description How many they are. */
      units_over: number;
    };
    /** @description A candidate with all lines, a party's list, an answer. choice: the first line; party: the candidate's own, else that of the first line. */
    Stander: {
      choice: components['schemas']['Id'];
      candidate: components['schemas']['IdOrNull'];
      name: string;
      party: components['schemas']['IdOrNull'];
      /** @description Of all the candidate's lines. */
      votes: number;
      /** @description Of the valid votes. */
      share: number | null;
    };
    Close: {
      contest: components['schemas']['Id'];
      name: string;
      unit: components['schemas']['Id'];
      /** @description Ballots shown, in leaves that vote on the contest. */
      ballots: number;
      /** @description Votes for all choices but blank and spoiled ones. null: held. */
      valid: number | null;
      /** @description As in /results. null: held, no entry with a vote, or no more entries than seats. */
      margin: number | null;
      /**
       * @description first: of the first and the second. last_seat: with several seats, of the last that has one and the first that has none.
       * @enum {string}
       */
      margin_of: 'first' | 'last_seat';
      /** @description margin / valid; null without a margin. */
      share_margin: number | null;
      /** @description margin is 0 and those two have votes. null: held. */
      tied: boolean | null;
      /** @description The first by votes; null: held, or nobody has a vote. */
      leader: components['schemas']['Stander'] | null;
      /** @description The next one; null: held, or nobody else has a vote. */
      second: components['schemas']['Stander'] | null;
      /** @description Of the two whom the margin is between: the one who has the seat. null without a margin. */
      above: components['schemas']['Stander'] | null;
      /** @description The one who has not. */
      below: components['schemas']['Stander'] | null;
      units_reporting: components['schemas']['UnitsReporting'];
      units_partial: components['schemas']['UnitsPartial'];
      /** @description Leaves with a ballot shown. */
      units_started: number;
      /** @description Leaves that vote on the contest. */
      units_total: number;
    };
    SeatsLed: {
      group: string;
      party: components['schemas']['IdOrNull'];
      /** @description The party's; null: none. */
      alliance: string | null;
      /** @description Seats that its candidates would have if the count ended now. */
      seats_led: number;
      /** @description Of the group. */
      seats_total: number;
    };
    Group: {
      /** @description As the contests of /contests say. */
      group: string;
      contests_total: number;
      /** @description Contests with a ballot shown. */
      contests_started: number;
      /** @description Seats of all contests; a referendum has none. */
      seats_total: number;
      /** @description seats_total / 2 + 1; null without seats. */
      majority: number | null;
      /** @description Of units_total, with a final report. */
      units_reporting: number;
      /** @description With one that is not final. */
      units_partial: number;
      /** @description With a ballot shown. */
      units_started: number;
      /** @description Leaves that vote on any of the contests. */
      units_total: number;
      /** @description Most seats first, then as the election lists parties, those of no party last. */
      entries: components['schemas']['SeatsLed'][];
      /** @description Seats that nobody leads: nothing counted or held, level at the last seat, fewer candidates than seats, or several seats for lists. */
      undecided: number;
      /** @description Up to 10 contests with a margin, the smallest share_margin first; none of several seats of lists. */
      close: components['schemas']['Close'][];
      /** @description The contest that is alone in the group; null: there are several. */
      only: components['schemas']['Close'] | null;
    };
    Overview: {
      version: components['schemas']['Version'];
      as_of: components['schemas']['AsOf'];
      as_of_ahead?: components['schemas']['AsOfAhead'];
      stale: components['schemas']['Stale'];
      status: components['schemas']['Unofficial'];
      mode: components['schemas']['Mode'];
      publication: components['schemas']['Publication'];
      /** @description The first contest that is held in the root unit, else the first; null: there is none. */
      head: components['schemas']['Id'] | null;
      /** @description In the order of their first contests. */
      groups: components['schemas']['Group'][];
    };
    /** @description A result whole, zeros included; in place of the one of the same unit, method and contest. The members from level on are there with standing=1 only, all of them. */
    ChangedResult: {
      /** @constant */
      kind: 'result';
      unit: components['schemas']['Id'];
      method: components['schemas']['IdOrNull'];
      contest: components['schemas']['Id'];
      /** @description Ballots shown, in leaves that vote on the contest. */
      ballots: number;
      /** @description The choices on a ballot in the unit, zeros included. null: held, no row of it was reported yet. */
      choices: components['schemas']['ChoiceVotes'][] | null;
      /** @description null: held. */
      undervotes: number | null;
      /** @description null: held. */
      overvotes: number | null;
      /** @description Sum of the revisions of all rows that it adds up: raised by corrections. */
      revision: number;
      /**
       * @description A count of a row that it adds up went down since.
       * @constant
       */
      decreased?: true;
      level?: components['schemas']['Level'];
      /** @description Ballots counted, shown or not, in leaves that vote on the contest; null: not told (where publication is reports: by method, and with turnout reports). */
      ballots_counted?: number | null;
      /** @description null: held, no entry with a vote, or no more entries than seats. */
      margin?: number | null;
      /**
       * @description first: of the first and the second. last_seat: with several seats, of the last that has one and the first that has none.
       * @enum {string}
       */
      margin_of?: 'first' | 'last_seat';
      /** @description margin is 0 and those two have votes. null: held. */
      tied?: boolean | null;
      units_reporting?: components['schemas']['UnitsReporting'];
      units_partial?: components['schemas']['UnitsPartial'];
      /** @description Leaves with a ballot shown. */
      units_started?: number;
      /** @description Leaves that vote on the contest. */
      units_total?: number;
      /** @description Of a leaf: the report that its row shows, which is older than the leaf's where the row has moved by less than report_min since. null: not a leaf, or held. */
      report?: components['schemas']['Report'] | null;
    };
    /** @description As in Turnout, of a unit. */
    ChangedTurnout: {
      /** @constant */
      kind: 'turnout';
      unit: components['schemas']['Id'];
      unit_name: string;
      level: components['schemas']['Level'];
      /** @description Ballots shown. */
      ballots: number;
      ballots_counted: components['schemas']['BallotsCounted'];
      registered: number | null;
      ballots_expected: number | null;
      /** @description ballots_counted / registered; where that is not told, ballots / registered. */
      share: number | null;
      /** @description Every leaf has a final report. */
      complete: boolean;
      units_partial: components['schemas']['UnitsPartial'];
      report: components['schemas']['ReportOrNull'];
      report_under_way: components['schemas']['UnderWay'];
      /** @description More ballots than voters registered; 0 registered are unknown in a unit with ballots. */
      over_registered: boolean;
      /** @description More ballots than expected. */
      over_expected: boolean;
      progress: components['schemas']['Progress'];
    };
    /** @description As in Accounting. */
    ChangedBooks: {
      /** @constant */
      kind: 'books';
      /** @description null: of all, then with shown, held and forgotten. */
      shard: number | null;
      /** @description Ballots decoded from committed entries. */
      received: number;
      counted: number;
      replayed: number;
      double_vote: number;
      not_eligible: number;
      invalid: number;
      closed: number;
      /** @description Ballots added to the totals. */
      added_ballots: number;
      /** @description Voter records marked counted. */
      voters_counted: number;
      /** @description Ballots in the rows that are shown. */
      shown?: number;
      /** @description counted - shown: counted and not reported, or moved by less than report_min since. */
      held?: number;
      /** @description Refused ballots whose first verdict is not remembered any more. */
      forgotten?: number;
      /** @description received = counted + replayed + double_vote + not_eligible + invalid + closed; counted = added_ballots = voters_counted = the ballots in the totals; for the total also: every contest of every unit balances. */
      balanced: boolean;
    };
    /** @description The last line. Without it the answer is cut short: void. */
    ChangesEnd: {
      version: components['schemas']['Version'];
      as_of: components['schemas']['AsOf'];
      stale: components['schemas']['Stale'];
      /** @enum {string} */
      state: 'new' | 'open' | 'closed';
      publication: components['schemas']['Publication'];
    };
    /** @description A line of /api/v1/changes. */
    ChangesLine:
      | components['schemas']['ChangedResult']
      | components['schemas']['ChangedTurnout']
      | components['schemas']['ChangedBooks']
      | components['schemas']['ChangesEnd'];
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
export type Version = components['schemas']['Version'];
export type Problem = components['schemas']['Problem'];
export type Election = components['schemas']['Election'];
export type Contests = components['schemas']['Contests'];
export type Results = components['schemas']['Results'];
export type CandidateChoice = components['schemas']['CandidateChoice'];
export type Candidates = components['schemas']['Candidates'];
export type Candidate = components['schemas']['Candidate'];
export type Turnout = components['schemas']['Turnout'];
export type Units = components['schemas']['Units'];
export type Unit = components['schemas']['Unit'];
export type Accounting = components['schemas']['Accounting'];
export type Alive = components['schemas']['Alive'];
export type Ready = components['schemas']['Ready'];
export type Cluster = components['schemas']['Cluster'];
export type Stations = components['schemas']['Stations'];
export type Shards = components['schemas']['Shards'];
export type Leaders = components['schemas']['Leaders'];
export type Series = components['schemas']['Series'];
export type BoardEvent = components['schemas']['BoardEvent'];
export type Id = components['schemas']['Id'];
export type IdOrNull = components['schemas']['IdOrNull'];
export type AsOf = components['schemas']['AsOf'];
export type AsOfAhead = components['schemas']['AsOfAhead'];
export type Stale = components['schemas']['Stale'];
export type Unofficial = components['schemas']['Unofficial'];
export type Mode = components['schemas']['Mode'];
export type Publication = components['schemas']['Publication'];
export type Level = components['schemas']['Level'];
export type NextCursor = components['schemas']['NextCursor'];
export type Counts = components['schemas']['Counts'];
export type Result = components['schemas']['Result'];
export type ChoiceVotes = components['schemas']['ChoiceVotes'];
export type UnitsReporting = components['schemas']['UnitsReporting'];
export type UnitTurnout = components['schemas']['UnitTurnout'];
export type ShardState = components['schemas']['ShardState'];
export type Contest = components['schemas']['Contest'];
export type Choice = components['schemas']['Choice'];
export type UnitsPartial = components['schemas']['UnitsPartial'];
export type BallotsCounted = components['schemas']['BallotsCounted'];
export type UnderWay = components['schemas']['UnderWay'];
export type ReportIndexes = components['schemas']['ReportIndexes'];
export type Report = components['schemas']['Report'];
export type ReportOrNull = components['schemas']['ReportOrNull'];
export type CountsOrNull = components['schemas']['CountsOrNull'];
export type Names = components['schemas']['Names'];
export type Entry = components['schemas']['Entry'];
export type Progress = components['schemas']['Progress'];
export type Stander = components['schemas']['Stander'];
export type Close = components['schemas']['Close'];
export type SeatsLed = components['schemas']['SeatsLed'];
export type Group = components['schemas']['Group'];
export type Overview = components['schemas']['Overview'];
export type ChangedResult = components['schemas']['ChangedResult'];
export type ChangedTurnout = components['schemas']['ChangedTurnout'];
export type ChangedBooks = components['schemas']['ChangedBooks'];
export type ChangesEnd = components['schemas']['ChangesEnd'];
export type ChangesLine = components['schemas']['ChangesLine'];
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
