#include "election/books.h"

bool psp_books_balanced(const struct psp_books *books)
{
    uint64_t disposed = 0;
    for (int i = PSP_COUNTED; i < PSP_DISPOSITIONS_END; i++)
        disposed += books->disposed[i];
    return disposed == books->received && books->disposed[PSP_COUNTED] == books->added_ballots &&
           books->added_ballots == books->voters_counted;
}

void psp_books_add(struct psp_books *ret_sum, const struct psp_books *add)
{
    ret_sum->received += add->received;
    for (int i = 0; i < PSP_DISPOSITIONS_END; i++)
        ret_sum->disposed[i] += add->disposed[i];
    ret_sum->added_ballots += add->added_ballots;
    ret_sum->voters_counted += add->voters_counted;
}
