import { useState } from 'preact/hooks';
import { say } from '../state/app';

/** Copies a text and says so; where a browser forbids it, says that. */
export function CopyButton({ text, words, quiet = false }: { text: string; words: string; quiet?: boolean }) {
  const [done, setDone] = useState<string | null>(null);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setDone('Copied');
      say('Copied');
    } catch {
      setDone('Select and copy by hand');
      say('This browser does not let the page copy');
    }
  };
  return <button type="button" class={`btn${quiet ? ' quiet' : ''}`} onClick={() => void copy()}>{done ?? words}</button>;
}
