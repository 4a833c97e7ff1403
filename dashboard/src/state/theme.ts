/** Light or dark: the reader's choice, else the system's. The only thing that the page stores. */
import { cell } from './cell';

export type Theme = 'light' | 'dark';
const STORED = 'sanso-theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

function stored(): Theme | null {
  try {
    const t = localStorage.getItem(STORED);
    return t === 'light' || t === 'dark' ? t : null;
  } catch {
    return null;
  }
}

export const theme = cell<Theme>(stored() ?? (dark.matches ? 'dark' : 'light'));

/** Applies the theme now and whenever it changes. */
export function keepTheme(): void {
  const show = (): void => {
    document.documentElement.dataset['theme'] = theme.value;
  };
  show();
  theme.watch(show);
  dark.addEventListener('change', () => {
    if (!stored()) theme.set(dark.matches ? 'dark' : 'light');
  });
}

export function toggleTheme(): void {
  theme.set(theme.value === 'dark' ? 'light' : 'dark');
  try {
    localStorage.setItem(STORED, theme.value);
  } catch {
    // Without storage the choice holds until the page is left.
  }
}
