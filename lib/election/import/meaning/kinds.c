/* The table, by kind; a few beginnings stand for whole families of words. */
#include "election/import/meaning/kinds.h"

#include <string.h>

#include "base/memory/pool.h"
#include "base/text/utf8.h"
#include "election/import/slug.h"

static const char *const names[PSP_LINE_KINDS_END] = {
    [PSP_LINE_CANDIDATE] = "candidate",
    [PSP_LINE_YES] = "yes",
    [PSP_LINE_NO] = "no",
    [PSP_LINE_BLANK] = "blank",
    [PSP_LINE_SPOILED] = "spoiled",
    [PSP_LINE_WRITE_IN] = "write_in",
    [PSP_LINE_OTHER] = "other",
    [PSP_LINE_OVERVOTES] = "overvotes",
    [PSP_LINE_UNDERVOTES] = "undervotes",
    [PSP_LINE_TOTAL] = "total",
    [PSP_LINE_REGISTERED] = "registered",
    [PSP_LINE_BALLOTS] = "ballots",
    [PSP_LINE_STATISTIC] = "statistic",
};

/* Words of a kind, each as a slug, between blanks. */
static const struct {
    enum psp_line_kind kind;
    const char *words;
} table[] = {
    {PSP_LINE_YES,
     " yes for si oui ja sim a-favor pour yes-si si-yes in-favor-of in-favor approve approved"
     " yes-to-approve "},
    {PSP_LINE_NO,
     " no against non nein nao en-contra contre contra opposed not-in-favor reject disapprove"
     " no-to-reject "},
    {PSP_LINE_BLANK,
     " blank blanks blank-vote blank-votes blank-voted blank-ballot blank-ballots "
     "blank-ballots-cast"
     " ballots-cast-blank ballots-cast-blanks times-blank-voted blank-void blank-voids"
     " blanks-voids blanks-void void-blank voids-blanks void-blanks voids-blank blank-and-void"
     " blanks-and-voids no-vote no-votes no-selection under-over-votes over-under-votes"
     " under-and-over-votes over-and-under-votes overvotes-undervotes undervotes-overvotes"
     " overvotes-and-undervotes undervotes-and-overvotes overvote-undervote"
     " blanco blancos en-blanco voto-en-blanco votos-en-blanco voto-blanco votos-blancos"
     " papeletas-en-blanco"
     " blanc blancs vote-blanc votes-blancs bulletin-blanc bulletins-blancs"
     " leer leere leere-stimmen leere-stimmzettel enthaltung enthaltungen"
     " branco brancos em-branco voto-em-branco votos-em-branco voto-branco votos-brancos "},
    {PSP_LINE_SPOILED,
     " spoiled spoiled-vote spoiled-votes spoiled-ballot spoiled-ballots spoilt spoilt-votes"
     " spoilt-ballots void voids voided void-votes void-ballots invalid invalid-votes"
     " invalid-ballots rejected rejected-votes rejected-ballots informal informal-votes null nulls"
     " null-votes null-ballots defective"
     " nulo nulos voto-nulo votos-nulos anulado anulados votos-anulados votos-invalidos invalidos"
     " nul nuls vote-nul votes-nuls bulletin-nul bulletins-nuls blancs-et-nuls"
     " ungultig ungultige ungueltig ungueltige ungultige-stimmen ungueltige-stimmen"
     " ungultige-stimmzettel ungultige-erststimmen ungultige-zweitstimmen nichtig"
     " anulado-e-apurado-em-separado mal-votadas votos-reservados "},
    {PSP_LINE_WRITE_IN,
     " write-in write-ins writein writeins write-in-vote write-in-votes writein-votes"
     " write-in-total write-in-totals write-ins-total write-ins-totals total-write-in"
     " total-write-ins total-write-in-votes write-in-candidate write-in-candidates write-in-misc"
     " write-in-miscellaneous misc-write-in misc-write-ins miscellaneous-write-ins other-write-ins"
     " all-write-ins all-other-write-ins qualified-write-in qualified-write-ins"
     " unqualified-write-in unqualified-write-ins unresolved-write-in unresolved-write-ins"
     " unassigned-write-in unassigned-write-ins uncertified-write-in uncertified-write-ins"
     " certified-write-ins invalid-write-in invalid-write-ins rejected-write-ins"
     " unregistered-write-ins registered-write-ins write-in-other write-in-scattering"
     " no-registrado no-registrados candidato-no-registrado candidatos-no-registrados"
     " candidatas-no-registradas candidaturas-no-registradas candidato-a-no-registrado-a"
     " candidato-a-no-registrado votos-por-escrito nominacion-directa nominaciones-directas"
     " personal-choice not-assigned write-in-w write-ins-w write-in-votes-w blank-write-in"
     " blank-write-ins "},
    {PSP_LINE_OTHER,
     " scattering scatterings scatter scattered other others all-other all-others other-candidates"
     " other-votes all-other-candidates other-individual-votes other-single-votes"
     " no-candidate no-candidates no-candidate-filed no-candidates-filed no-nomination"
     " no-nomination-made no-nominations-made no-petition-filed no-petitions-filed"
     " no-additional-petition-filed no-additional-petitions-filed none none-of-above"
     " nota none-of-the-above none-of-these none-of-these-candidates against-all"
     " against-all-candidates"
     " ninguno ninguno-de-los-anteriores otro otros otras"
     " aucun aucun-des-candidats aucun-de-ces-candidats autres"
     " andere sonstige ubrige uebrige keiner keiner-der-genannten keine-der-genannten"
     " outro outros outras nenhum nenhum-dos-anteriores "},
    {PSP_LINE_OVERVOTES,
     " over overs over-vote over-votes overvote overvotes over-voted overvoted number-of-over-votes"
     " number-of-overvotes total-over-votes total-overvotes over-votes-total sobrevotos "},
    {PSP_LINE_UNDERVOTES,
     " under unders under-vote under-votes undervote undervotes under-voted undervoted"
     " number-of-under-votes number-of-undervotes total-under-votes total-undervotes"
     " under-votes-total subvotos "},
    {PSP_LINE_TOTAL,
     " total totals total-vote total-votes total-votes-cast votes-cast total-cast total-votes-all"
     " contest-total contest-totals race-total race-totals office-total office-totals"
     " grand-total all-candidates total-number-of-votes vote-total vote-totals cast-votes"
     " total-de-votos total-votos votos-totales votos-emitidos votos-validos total-general"
     " exprimes suffrages-exprimes total-des-voix total-des-suffrages"
     " summe gesamt insgesamt gultige gueltige gultige-stimmen gueltige-stimmen gesamtstimmen"
     " votos-nominais votos-a-candidaturas valid-votes total-valid-votes valid valid-ballots"
     " total-votos-calculados total-votos-asentado gultige-erststimmen gueltige-erststimmen"
     " gultige-zweitstimmen gueltige-zweitstimmen total-geral "},
    {PSP_LINE_REGISTERED,
     " registered-voters registered-voters-total total-registered-voters registered-voter"
     " voters-registered registered registration total-registration voter-registration"
     " reg-voters registered-electors electors electorate eligible-voters eligible-electors"
     " active-voters enrolled-voters enrolled"
     " total-number-of-registered-voters number-of-registered-voters total-electors"
     " inscritos electores electores-inscritos censo censo-electoral padron padron-electoral"
     " lista-nominal lista-nominal-casilla habilitados"
     " inscrits electeurs electeurs-inscrits"
     " wahlberechtigte wahlberechtigte-a stimmberechtigte"
     " eleitores eleitorado eleitores-inscritos aptos eleitores-aptos total-de-eleitores "
     "qt-aptos "},
    {PSP_LINE_BALLOTS,
     " ballots-cast ballots-cast-total total-ballots-cast ballots total-ballots ballots-counted"
     " total-ballots-counted ballots-voted times-counted cards-cast public-counter"
     " public-counter-total public-count number-of-voters voters voters-voting voters-cast"
     " total-voters total-voters-voting number-of-ballots number-of-ballots-cast"
     " total-number-of-ballots-cast votantes total-votantes total-de-votantes papeletas"
     " sufragios-emitidos"
     " votants nombre-de-votants bulletins"
     " wahler waehler wahlende waehlende wahler-b waehler-b wahlende-b waehlende-b"
     " comparecimento qt-comparecimento "},
    {PSP_LINE_STATISTIC,
     " turnout voter-turnout turnout-percent turnout-percentage percent-turnout"
     " voter-turnout-total times-over-voted times-under-voted precincts precincts-reporting"
     " precincts-counted precincts-reported precincts-partially-reported total-precincts"
     " vote-for undervotes-and-blanks majority participacion abstencion abstenciones abstention "
     "abstentions"
     " participation wahlbeteiligung abstencao abstencoes qt-abstencoes"
     " voting-statistics statistics election-day-registrants number-election-day-registrants"
     " boletas-sobrantes personas-votaron total-personas-votaron papeletas-protestadas"
     " numero-de-mesas mesas"
     /* ballots by method, where files have them as candidates */
     " absentee-military affidavit affidavits emergency manually-counted-emergency"
     " federal special-presidential federal-overseas federal-ballots state-ballots"
     " absentee absentee-ballots provisional provisional-ballots uocava "},
};

/* Whatever goes on from one of these. */
static const struct {
    const char *begin;
    enum psp_line_kind kind;
} families[] = {
    {"registered-voters-", PSP_LINE_STATISTIC},
    {"ballots-cast-", PSP_LINE_STATISTIC},
    {"number-of-precincts", PSP_LINE_STATISTIC},
    {"voter-turnout-", PSP_LINE_STATISTIC},
    {"precincts-", PSP_LINE_STATISTIC},
    {"total-votes-", PSP_LINE_TOTAL},
    {"percent-of-", PSP_LINE_STATISTIC},
    {"for-the-levy", PSP_LINE_YES},
    {"for-the-levies", PSP_LINE_YES},
    {"for-the-bond", PSP_LINE_YES},
    {"for-the-amendment", PSP_LINE_YES},
    {"for-the-measure", PSP_LINE_YES},
    {"for-the-ordinance", PSP_LINE_YES},
    {"for-the-proposition", PSP_LINE_YES},
    {"yes-for-", PSP_LINE_YES},
    {"against-the-levy", PSP_LINE_NO},
    {"against-the-levies", PSP_LINE_NO},
    {"against-the-bond", PSP_LINE_NO},
    {"against-the-amendment", PSP_LINE_NO},
    {"against-the-measure", PSP_LINE_NO},
    {"against-the-ordinance", PSP_LINE_NO},
    {"against-the-proposition", PSP_LINE_NO},
    {"no-against-", PSP_LINE_NO},
};

/* Figures have many names; these words are in no person's and no office's. */
static const char *const in_statistics[] = {"registered-voters", "ballots-cast",  "ballots-counted",
                                            "cards-cast",        "voter-turnout", "-turnout"};
enum { STATISTIC_WORDS_MAX = 8 }; /* more are a question that speaks of them */

const char *psp_line_kind_name(enum psp_line_kind kind)
{
    return names[kind];
}

enum psp_status psp_kinds_add(struct psp_kinds *kinds, const char *word, const char *kind,
                              struct psp_reason *reterr_reason)
{
    struct psp_kinds_added *added = &kinds->added[kinds->n];
    int found = 0;
    while (found < PSP_LINE_KINDS_END && strcmp(names[found], kind) != 0)
        found++;
    if (found == PSP_LINE_KINDS_END) {
        psp_reason_set(reterr_reason,
                       "\"%s\" is no kind: candidate, yes, no, blank, spoiled, write_in, other, "
                       "overvotes, undervotes, total, registered, ballots, statistic",
                       psp_shown(kind, strlen(kind)).text);
        return PSP_EINVAL;
    }
    if (kinds->n == PSP_KINDS_ADDED_MAX || strlen(word) >= sizeof added->word || word[0] == '\0') {
        psp_reason_set(reterr_reason, "\"%s\": at most %d words, of 1 to %zu bytes",
                       psp_shown(word, strlen(word)).text, PSP_KINDS_ADDED_MAX,
                       sizeof added->word - 1);
        return PSP_EINVAL;
    }
    memcpy(added->word, word, strlen(word) + 1);
    added->kind = (enum psp_line_kind)found;
    kinds->n++;
    return PSP_OK;
}

static bool begins(const char *text, const char *begin)
{
    return strncmp(text, begin, strlen(begin)) == 0;
}

static bool listed(const char *words, const char *word)
{
    const size_t bytes = strlen(word);
    for (const char *at = words; (at = strstr(at, word)) != NULL; at++)
        if (at[-1] == ' ' && at[bytes] == ' ')
            return true;
    return false;
}

static bool is_statistic(const char *word)
{
    unsigned words = 1;
    for (const char *at = word; *at != '\0'; at++)
        words += *at == '-';
    for (size_t i = 0; i < sizeof in_statistics / sizeof *in_statistics; i++)
        if (words <= STATISTIC_WORDS_MAX && strstr(word, in_statistics[i]) != NULL)
            return true;
    return false;
}

static enum psp_line_kind in_table(const char *word);

/* "Write-in 40", "WRITE-IN: SCATTERED": with a name behind it, it is that candidate. */
static bool is_write_in(const char *word)
{
    static const char *const beginnings[] = {"write-in-", "writein-", "write-ins-"};
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        const char *rest = word + strlen(beginnings[i]);
        if (begins(word, beginnings[i]))
            return rest[strspn(rest, "0123456789")] == '\0' || in_table(rest) != PSP_LINE_CANDIDATE;
    }
    return false;
}

static enum psp_line_kind in_table(const char *word)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (listed(table[i].words, word))
            return table[i].kind;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (begins(word, families[i].begin))
            return families[i].kind;
    if (is_statistic(word))
        return PSP_LINE_STATISTIC;
    return is_write_in(word) ? PSP_LINE_WRITE_IN : PSP_LINE_CANDIDATE;
}

enum psp_status psp_kinds_of(const struct psp_kinds *kinds, const char *text,
                             enum psp_line_kind *ret_kind)
{
    struct psp_pool pool = {0};
    const char *word = psp_slug_join(&pool, &text, 1);
    enum psp_status status = word != NULL ? PSP_OK : PSP_ENOMEM;
    enum psp_line_kind kind =
        status == PSP_OK && word[0] != '\0' ? in_table(word) : PSP_LINE_CANDIDATE;
    for (unsigned i = 0; status == PSP_OK && kinds != NULL && i < kinds->n; i++) {
        const char *added = kinds->added[i].word;
        const char *added_word = psp_slug_join(&pool, &added, 1);
        if (added_word == NULL)
            status = PSP_ENOMEM;
        else if (word[0] != '\0' ? strcmp(added_word, word) == 0 : strcmp(added, text) == 0)
            kind = kinds->added[i].kind;
    }
    psp_pool_free(&pool);
    if (status == PSP_OK)
        *ret_kind = kind;
    return status;
}

enum psp_status psp_kinds_unit_total(const char *name, bool *ret_total)
{
    static const char *const exact =
        " total totals summary sum all-precincts summe gesamt insgesamt total-general total-geral"
        " totales election-summary ";
    static const char *const ends[] = {"-total", "-totals", "-summary"};
    static const char *const stems[] = {"total", "sum", "gesamt", "all"};
    bool may = false; /* a slug for each of a million precincts would cost more than to read them */
    for (size_t i = 0; i < sizeof stems / sizeof *stems; i++)
        may |= strcasestr(name, stems[i]) != NULL;
    if (!may) {
        *ret_total = false;
        return PSP_OK;
    }
    struct psp_pool pool = {0};
    const char *word = psp_slug_join(&pool, &name, 1);
    bool total = word != NULL && word[0] != '\0' && listed(exact, word);
    const size_t bytes = word != NULL ? strlen(word) : 0;
    for (size_t i = 0; word != NULL && i < sizeof ends / sizeof *ends; i++)
        total |= bytes > strlen(ends[i]) && strcmp(word + bytes - strlen(ends[i]), ends[i]) == 0;
    psp_pool_free(&pool);
    if (word == NULL)
        return PSP_ENOMEM;
    *ret_total = total;
    return PSP_OK;
}
