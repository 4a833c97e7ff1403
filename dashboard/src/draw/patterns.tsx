/** The patterns that stand beside each colour: hatch, dots, lines, crosshatch. */
const ROT = 'rotate(45)';

export function Patterns() {
  return (
    <svg width="0" height="0" class="defs" aria-hidden="true" focusable="false">
      <defs>
        <pattern id="p2" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform={ROT}><rect width="6" height="6" fill="var(--leg2)" /><rect width="1.5" height="6" fill="var(--paper)" opacity=".55" /></pattern>
        <pattern id="p2b" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)"><rect width="6" height="6" fill="var(--leg2)" /><rect width="2.4" height="6" fill="var(--paper)" opacity=".5" /></pattern>
        <pattern id="p3" width="5" height="5" patternUnits="userSpaceOnUse"><rect width="5" height="5" fill="var(--leg3)" /><circle cx="2.5" cy="2.5" r="1.05" fill="var(--paper)" opacity=".75" /></pattern>
        <pattern id="p4" width="5" height="5" patternUnits="userSpaceOnUse"><rect width="5" height="5" fill="var(--leg4)" /><rect width="5" height="1.4" fill="var(--paper)" opacity=".6" /></pattern>
        <pattern id="px" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="var(--none)" /><path d="M0 0L6 6M6 0L0 6" stroke="var(--paper)" stroke-width="1.1" opacity=".7" /></pattern>
        <pattern id="gap" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)"><rect width="1" height="6" fill="var(--rule-2)" opacity=".55" /></pattern>
        <pattern id="kOver" width="5" height="5" patternUnits="userSpaceOnUse"><rect width="5" height="5" fill="var(--k-over)" /><circle cx="2.5" cy="2.5" r="1" fill="var(--paper)" opacity=".8" /></pattern>
        <pattern id="kRate" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform={ROT}><rect width="6" height="6" fill="var(--k-rate)" /><rect width="1.5" height="6" fill="var(--paper)" opacity=".55" /></pattern>
        <pattern id="kTime" width="4" height="4" patternUnits="userSpaceOnUse"><rect width="4" height="4" fill="var(--k-time)" /><rect width="4" height="1.2" fill="var(--paper)" opacity=".7" /></pattern>
        <pattern id="kConn" width="4" height="4" patternUnits="userSpaceOnUse"><rect width="4" height="4" fill="var(--k-conn)" /><rect width="1.2" height="4" fill="var(--paper)" opacity=".55" /></pattern>
      </defs>
    </svg>
  );
}
