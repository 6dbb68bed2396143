// What the overview shows: the groups of contests, and the lists of those that are open.
import { batch, computed, signal } from '@preact/signals';
import { get, getAll } from './api/fetch.ts';
import type { Contest, Contests, Overview } from './api/types.ts';

export const overview = signal<Overview | null>(null);
// By group: its contests with who leads, without their choices.
export const lists = signal<ReadonlyMap<string, Contest[]>>(new Map());
const opened = signal<ReadonlySet<string>>(new Set());
export const headId = computed(() => overview.value?.head ?? null);

async function loadList(group: string): Promise<[string, Contest[]]> {
  const pages = await getAll<Contests>('contests', { group, standing: 1, choices: 0 });
  return [group, pages.flatMap((page) => page.contests)];
}

// Loaded, and shown when all parts of the screen are.
export async function loadOverview(): Promise<{ head: string | null; show: () => void }> {
  const [all, ...open] = await Promise.all([get<Overview>('overview'), ...[...opened.value].map(loadList)]);
  const show = () =>
    batch(() => {
      overview.value = all;
      lists.value = new Map(open);
    });
  return { head: all.head, show };
}

// Whether all contests of a group are listed; its list comes by itself from then on.
export async function openGroup(group: string, open: boolean): Promise<void> {
  const now = new Set(opened.value);
  if (open) now.add(group);
  else now.delete(group);
  opened.value = now;
  if (!open || lists.value.has(group)) return;
  const [, list] = await loadList(group);
  lists.value = new Map([...lists.value, [group, list]]);
}
