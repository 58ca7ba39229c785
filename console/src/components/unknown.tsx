/** What is not known is a dash with its reason, never 0. */
export function Unknown({ reason }: { reason: string }) {
  return (
    <span className="unknown" title={reason}>
      <span aria-hidden="true">–</span>
      <span className="only-read">{reason}</span>
    </span>
  );
}
