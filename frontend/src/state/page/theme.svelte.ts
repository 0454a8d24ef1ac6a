// Light, dark, or as the system says. public/theme.js applies it before the first paint; this changes it.

import { storage } from '../../lib/storage/storage';

export type ThemeChoice = 'system' | 'light' | 'dark';

const KEY = 'hubbub.theme';

class Theme {
  choice = $state<ThemeChoice>(read());

  choose(choice: ThemeChoice): void {
    this.choice = choice;
    if (choice === 'system') {
      storage.removeItem(KEY);
      delete document.documentElement.dataset.theme;
    } else {
      storage.setItem(KEY, choice);
      document.documentElement.dataset.theme = choice;
    }
  }
}

function read(): ThemeChoice {
  const kept = storage.getItem(KEY);
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}

export const theme = new Theme();
