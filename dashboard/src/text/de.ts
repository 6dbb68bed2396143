// German.
import type { Text } from './en.ts';
import { counter } from './plural.ts';

const votes = counter('de', { one: '# Stimme', other: '# Stimmen' });
const seats = counter('de', { one: '# Sitz', other: '# Sitzen' });
const seatsAre = counter('de', { one: '# Sitz.', other: '# Sitze.' });
const ballotsHere = counter('de', {
  one: 'Hier ist # Stimmzettel ausgezählt.',
  other: 'Hier sind # Stimmzettel ausgezählt.',
});
const ballotsOut = counter('de', {
  one: 'höchstens # Stimmzettel steht noch aus',
  other: 'höchstens # Stimmzettel stehen noch aus',
});
const ballotsHidden = counter('de', {
  one: 'höchstens # Stimmzettel ist noch nicht veröffentlicht',
  other: 'höchstens # Stimmzettel sind noch nicht veröffentlicht',
});
const moreCounted = counter('de', {
  one: '# weiterer Stimmzettel ausgezählt.',
  other: '# weitere Stimmzettel ausgezählt.',
});
const moreShown = counter('de', {
  one: '# weiterer Stimmzettel veröffentlicht.',
  other: '# weitere Stimmzettel veröffentlicht.',
});
const moreUnits = counter('de', {
  one: '# weiteres Gebiet endgültig gemeldet.',
  other: '# weitere Gebiete endgültig gemeldet.',
});
const waiting = counter('de', {
  one: '# weiterer Stimmzettel ist ausgezählt und wartet auf eine Meldung.',
  other: '# weitere Stimmzettel sind ausgezählt und warten auf eine Meldung.',
});
const partial = counter('de', { other: '# vorläufig' });
const moreVoters = counter('de', {
  one: 'höchstens # Wahlberechtigter kann noch dazukommen',
  other: 'höchstens # Wahlberechtigte können noch dazukommen',
});
const estimate = (estimated: boolean) => (estimated ? ' (geschätzt)' : '');

export const de: Text = {
  tag: 'de',
  dir: 'ltr',
  language: 'Sprache',
  unofficial: 'Nicht amtlich',
  unofficialWhy:
    'Die Ergebnisse sind Zwischenstände und nicht amtlich, bis die Wahlbehörde sie feststellt. ' +
    'Diese Seite erklärt niemanden für gewählt.',
  states: { new: 'Noch nicht eröffnet', open: 'Auszählung läuft', closed: 'Auszählung geschlossen' },
  publication: {
    immediate: 'Zahlen werden veröffentlicht, sobald sie eintreffen.',
    reports: 'Stimmen werden nach der letzten Meldung jedes Ortes veröffentlicht, und nicht vor der ersten.',
  },
  byReport: 'Nach Meldungen',
  notReported: 'Noch nicht gemeldet',
  notReportedHere: 'noch nicht gemeldet',
  tooFew: 'Gemeldet, aber zu wenige Stimmzettel für eine Veröffentlichung',
  tooFewHere: 'zu wenige',
  tooFewUntil: 'So wenige werden nicht einzeln veröffentlicht, bis es mehr sind oder der Ort endgültig gemeldet hat.',
  heldBallots: ballotsHere,
  heldUntil: 'Die Stimmen werden zurückgehalten und erscheinen hier von selbst mit der ersten Meldung.',
  reportIs: (n, at, final) => `Stand der Meldung ${n}${at && `, ${at}`}: ${final ? 'endgültig' : 'nicht endgültig'}.`,
  reportWaiting: waiting,
  reportUnderWay: 'Eine Meldung geht gerade ein.',
  test: 'TEST',
  testWhy: 'Keine hier gezeigte Stimme ist eine Stimme: Dieses System dient der Erprobung.',
  title: (contest, leader, test) => `${test ? 'TEST ' : ''}${leader}${contest} (nicht amtlich)`,
  leads: (name, share) => `${name} ${share} · `,
  contests: 'Wahlen und Abstimmungen',
  moreContests: (n) => `${n} weitere: Bitte die Suche eingrenzen.`,
  skip: 'Zu den Ergebnissen springen',
  live: 'Live',
  paused: 'Angehalten',
  every: (seconds) => `Alle ${seconds} s`,
  refresh: 'Aktualisieren',
  refreshInterval: 'Aktualisierung',
  lastRefreshed: (time) => `Stand der Auszählung: ${time}`,
  neverRefreshed: 'Noch kein Ergebnis',
  loading: 'Ergebnisse werden geladen …',
  troubles: {
    offline: 'Dieses Gerät ist nicht verbunden. Zu sehen sind die zuletzt empfangenen Ergebnisse.',
    unreachable:
      'Der Ergebnisdienst antwortet nicht. Zu sehen sind die zuletzt empfangenen Ergebnisse; ' +
      'die Seite versucht es weiter.',
    refused: 'Der Ergebnisdienst konnte nicht antworten:',
    missing: 'Diese Wahl oder diesen Ort gibt es hier nicht.',
  },
  nothingYet: 'Der Ergebnisdienst antwortet nicht, und es wurde noch nichts empfangen. Die Seite versucht es weiter.',
  stale: (shards) =>
    `Ein Teil der Auszählung (${shards}) hat sich seit einer Weile nicht gemeldet. ` +
    'Diese Ergebnisse stimmen, sind aber vielleicht nicht auf dem neuesten Stand.',
  notUpdated: (time) => `Diese Seite wurde seit ${time} nicht mehr aktualisiert.`,
  staleShard: (shard) => `Partition ${shard}`,
  overview: 'Überblick',
  toOverview: 'Zum Überblick',
  moreOf: 'Mehr zu dieser Wahl',
  contest: 'Wahl',
  otherContests: 'Weitere Wahlen',
  closeRaces: 'Knappe Rennen',
  allContests: (n: string) => `Alle ${n} Wahlen`,
  contestsStarted: (n: string, of: string) => `${n} von ${of} Wahlen haben Stimmen`,
  startedOf: (n: string, of: string) => `${n} von ${of} mit Stimmen`,
  seatsInAll: counter('de', { one: '# Sitz', other: '# Sitze' }),
  seatsLed: 'Sitze in Führung',
  majorityIs: (n: string) => `Mehrheit ${n}`,
  majorityLed: (name: string, n: string) => `${name} führt in ${n}, einer Mehrheit`,
  ledByNobody: 'Noch ohne Führung',
  otherParties: 'Andere',
  forLastSeat: 'Letzter Sitz:',
  seatsByLaw: 'Wie aus Stimmen für Listen Sitze werden, sagt das Gesetz; hier wird es nicht ausgerechnet.',
  search: 'Wahlen und Orte suchen',
  searchNone: 'Nichts heißt so.',
  searchFound: (n: string) => `${n} gefunden`,
  notOpen: 'Die Wahl ist noch nicht eröffnet: Es ist noch kein Stimmzettel ausgezählt.',
  leading: 'Führt',
  trailing: 'An zweiter Stelle',
  tied: 'Gleichstand',
  noVotes: 'Noch keine Stimmen ausgezählt',
  waiting: 'Das erste Ergebnis erscheint hier von selbst.',
  votes: 'Stimmen',
  votesOf: votes,
  share: 'Anteil',
  ofValid: 'Anteil an gültigen Stimmen',
  party: 'Partei',
  choice: 'Wahlvorschlag',
  noParty: 'Ohne Partei',
  byChoice: 'Stimmen',
  byParty: 'Stimmen nach Partei',
  showAll: (n) => `Alle ${n} anzeigen`,
  showFewer: 'Weniger anzeigen',
  margin: 'Vorsprung',
  pointsOf: (points) => `${points} Prozentpunkte der gültigen Stimmen`,
  lastSeat: (n) => `beim letzten von ${seats(n)}`,
  countedIn: 'Ausgezählt',
  inOf: (n, of) => `${n} von ${of} erwarteten Stimmzetteln`,
  byUnits: 'nach gemeldeten Gebieten',
  overRegistered: 'Mehr Stimmzettel als Wahlberechtigte:',
  overExpected: 'Mehr Stimmzettel als erwartet:',
  overMore: (n) => `und ${n} weitere`,
  overHere: 'mehr Stimmzettel als Wahlberechtigte oder erwartet',
  reporting: 'Gemeldete Gebiete',
  reportingOf: (done, all) => `${done} von ${all} endgültig`,
  reportingPartial: (n) => `, ${partial(n)}`,
  ballots: 'Ausgezählte Stimmzettel',
  ballotsShown: 'Veröffentlichte Stimmzettel',
  ofCounted: (n) => `von ${n} ausgezählten`,
  shownIn: 'Gemeldet',
  turnout: 'Wahlbeteiligung',
  ofRegistered: (n) => `von ${n} Wahlberechtigten`,
  notKnown: 'nicht bekannt',
  registeredUnknown: 'Zahl der Wahlberechtigten nicht bekannt',
  stillOut: 'Ausstehende Stimmzettel',
  notShownYet: 'Noch nicht veröffentlicht',
  ofExpected: (n) => `von ${n} erwarteten`,
  change: 'Kann sich das noch ändern?',
  outBallots: (n, estimated) => `${ballotsOut(n)}${estimate(estimated)}`,
  outReport: (n, estimated) => `${ballotsHidden(n)}${estimate(estimated)}`,
  outVoters: (n, estimated) => `${moreVoters(n)}${estimate(estimated)}`,
  changeUnknown: 'Wie viele Stimmzettel noch kommen können, ist hier nicht bekannt.',
  changeNone: (estimated) =>
    estimated
      ? 'Es werden keine Stimmzettel mehr erwartet, wenn die Schätzung stimmt.'
      : 'Es können keine Stimmzettel mehr kommen.',
  changeTied: (out) => `Ja. Es herrscht Gleichstand, und ${out}.`,
  changeOpen: (margin, out, share, name) =>
    `Ja. Der Vorsprung beträgt ${votes(margin)}, und ${out}. ` +
    `Für einen Gleichstand bräuchte ${name} ${share} dessen, was die ersten beiden davon erhalten.`,
  changeHard: (margin, out, share, name) =>
    `Nur rechnerisch. Der Vorsprung beträgt ${votes(margin)}, und ${out}; ` +
    `für einen Gleichstand bräuchte ${name} ${share} dessen, was die ersten beiden davon erhalten.`,
  changeBeyond: (margin, out, estimated) =>
    `${estimated ? 'Nein, wenn die Schätzung stimmt' : 'Nein'}: ` +
    `${out}, und der Vorsprung von ${votes(margin)} ist größer.`,
  justOver: (share) => `knapp mehr als ${share}`,
  changePlaces: (above, below) => `Zwischen ${above} und ${below}:`,
  severalSeats: seatsAre,
  severalVotes: (n) => `Bis zu ${votes(n)} je Stimmzettel.`,
  places: 'Orte',
  path: 'Wo Sie sind',
  place: 'Ort',
  leader: 'Führt',
  level: 'Liste',
  sortBy: 'Sortieren nach',
  sortUnit: 'Name',
  sortVotes: (name) => `Stimmen: ${name}`,
  order: 'Reihenfolge',
  ascending: 'Aufsteigend',
  descending: 'Absteigend',
  pageSize: 'Zeilen',
  page: (n, of) => `Seite ${n} von ${of}`,
  first: 'Erste',
  previous: 'Zurück',
  next: 'Weiter',
  bottom: 'Die Stimmzettel werden in diesem Gebiet selbst ausgezählt; darunter gibt es nichts.',
  noPlaces: 'Hierzu wird nirgends darunter abgestimmt.',
  map: 'Karte',
  mapBy: 'Farbe nach',
  mapLeader: 'Führendem Wahlvorschlag',
  mapTurnout: 'Wahlbeteiligung',
  mapShare: (name) => `Anteil: ${name}`,
  mapFaded: 'Blasser: weniger ausgezählt.',
  mapTable: 'Dasselbe als Tabelle',
  mapNone: 'Noch keine Stimmen',
  mapTied: 'Gleichstand',
  mapMissing: (n) => `Nicht auf der Karte: ${n}.`,
  mapLabel: (contest, unit, by) =>
    `Karte von ${unit}, ${contest}, eingefärbt nach: ${by}. Die Tabelle der Orte enthält dieselben Zahlen.`,
  mapIn: (share) => `${share} ausgezählt`,
  method: 'Art der Stimmabgabe',
  methods: 'Nach Art der Stimmabgabe',
  allMethods: 'Alle Arten der Stimmabgabe',
  ofBallots: 'An allen Stimmzetteln',
  onlyMethod: (name) => `Nur Stimmzettel dieser Art der Stimmabgabe: ${name}.`,
  changes: 'Was sich geändert hat',
  changesSince: (time) => `Seit ${time}`,
  changesNone: 'Nichts Neues.',
  changesBallots: moreCounted,
  changesShown: moreShown,
  changesLead: (from, to) => `Die Führung ging von ${from} an ${to}.`,
  changesMargin: (from, to) => `Der Vorsprung änderte sich von ${from} auf ${votes(to)}.`,
  changesMarginSame: 'Der Vorsprung ist gleich geblieben.',
  newReporting: moreUnits,
  undervotes: 'Nicht vergebene Stimmen',
  overvotes: 'Zu viel vergebene Stimmen',
  books: 'Die Bücher',
  booksWhy:
    'Über jeden eingegangenen Stimmzettel wird genau einmal entschieden; ' +
    'die Spalten müssen zusammen die eingegangenen ergeben.',
  booksHeld: (shown, held) =>
    `Von den ausgezählten Stimmzetteln sind ${shown} veröffentlicht, und ${held} warten auf eine Meldung.`,
  balanced: 'Sie gehen auf.',
  unbalanced: 'Sie gehen nicht auf: Bitte der Betriebsleitung melden.',
  shard: 'Partition',
  total: 'Gesamt',
  received: 'eingegangen',
  dispositions: {
    counted: 'ausgezählt',
    replayed: 'erneut gesendet',
    double_vote: 'doppelte Stimmabgabe',
    not_eligible: 'nicht stimmberechtigt',
    invalid: 'nicht verwertbar',
    closed: 'nach Schluss',
  },
  health: 'Stand der Auszählung',
  healthWhy:
    'Die Auszählung läuft auf mehreren Partitionen; jede Zeile sagt, ' +
    'wann die Partition ihren Stand zuletzt bestätigt hat.',
  healthAway:
    'Der Ergebnisdienst antwortet gerade nicht. Jede Zeile ist das Letzte, was von der Partition bekannt ist.',
  restored: (epoch) =>
    `Das System wurde aus einer Sicherung wiederhergestellt (Epoche ${epoch}). ` +
    'Zahlen können niedriger sein als zuvor gezeigt; ' +
    'nach der Sicherung ausgezählte Stimmzettel werden neu eingereicht.',
  shardIndex: 'Protokollposition',
  shardBehind: 'Rückstand',
  leaderIs: (replica) => `Führend: Replik ${replica}`,
  leaderless: 'Führende Replik nicht bekannt',
  ago: (seconds) => `vor ${seconds} s`,
  never: 'noch nicht',
  current: 'aktuell',
  staleWord: 'veraltet',
  unconfirmed: 'zurzeit nicht bekannt',
  diverged: 'Repliken widersprechen sich',
  delay: (p50, p99) =>
    `Vom ausgezählten Stimmzettel bis auf diesen Bildschirm: ${p50} ms (jedes zweite Mal), ${p99} ms (99 von 100).`,
  stream: {
    live: 'Die Live-Verbindung steht.',
    away: 'Die Live-Verbindung steht nicht; die Seite fragt alle paar Sekunden nach.',
    off: '',
  },
  electorate: 'Die Wahl',
  registered: 'Wahlberechtigte',
  candidates: 'Kandidaturen',
  took: 'Wählerinnen und Wähler',
  contestsCount: 'Wahlen und Abstimmungen',
  overTime: 'Im Zeitverlauf',
  overTimeVotes: 'Stimmen',
  overTimeTurnout: 'Wahlbeteiligung, von den Wahlberechtigten',
  overTimeLabel: (contest) =>
    `Stimmen der führenden Wahlvorschläge im Zeitverlauf, ${contest}; die Tabelle darunter enthält die Zahlen.`,
  overTimeWhole: 'Das ganze Wahlgebiet, jede Art der Stimmabgabe.',
  overTimeNone: 'Die Kurve beginnt mit der zweiten Zählung.',
  overTimeNoReport: 'Die Kurve beginnt mit der zweiten Meldung.',
  asTable: 'Als Tabelle',
  clock: (zone) => `Uhrzeit (${zone})`,
  about: (name) => `Über ${name}`,
  biography: 'Lebenslauf',
  platform: 'Programm',
  noDetails: 'Mehr ist in der Definition der Wahl nicht angegeben.',
  where: 'Die meisten Stimmen in',
  standsIn: 'Kandidiert bei',
  close: 'Schließen',
  themes: { auto: 'Darstellung: wie das System', light: 'Darstellung: hell', dark: 'Darstellung: dunkel' },
  dataWhy: 'Alle Zahlen gibt es auch über die öffentliche Schnittstelle:',
  fullResults: 'Alle Ergebnisse',
  announce: (name, n, share, part) => `${name} führt mit ${votes(n)}, ${share}. Ausgezählt: ${part}.`,
};
