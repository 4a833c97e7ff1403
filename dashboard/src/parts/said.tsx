/** Moments, lengths of time and sentences, drawn so that they follow the clock and the chosen zone. */
import { Fragment } from 'preact';
import { now, useZone } from '../state/app';
import { useLook } from '../state/cell';
import type { Part, Rich } from '../words/rich';
import { clock, iso, span, utc } from '../words/time';

/** A moment; its tooltip has it in full, in UTC. */
export function At({ t, seconds = false }: { t: number; seconds?: boolean | undefined }) {
  const zone = useZone();
  if (Number.isNaN(t)) return <>–</>;
  return <time dateTime={iso(t)} title={utc(t)}>{clock(t, zone, seconds)}</time>;
}

/** How long ago; its text alone changes with the seconds. */
export function Ago({ t }: { t: number }) {
  const text = useLook(now, (n) => span(n - t));
  return <span class="rel">{text}</span>;
}

/** "in 4 s"; once that is over, `due`. */
export function Within({ t, due }: { t: number; due: string }) {
  const text = useLook(now, (n) => (t > n ? `in ${span(t - n)}` : due));
  return <span class="rel">{text}</span>;
}

function One({ part }: { part: Part }) {
  if (typeof part === 'string') return <>{part}</>;
  if ('bold' in part) return <b>{part.bold}</b>;
  if ('whole' in part) return <span class="nb">{part.whole}</span>;
  if ('at' in part) return <At t={part.at} seconds={part.seconds} />;
  if ('ago' in part) return <Ago t={part.ago} />;
  return <Within t={part.within} due={part.due} />;
}

export const Sentence = ({ rich }: { rich: Rich }) => <>{rich.map((part, i) => <Fragment key={i}><One part={part} /></Fragment>)}</>;
