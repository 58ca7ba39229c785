import Box from "@cloudscape-design/components/box";

interface Props {
  /** Per cent, 0 to 100. */
  value: number;
  label: string;
}

/** How much of something is used. Cloudscape's progress bar is for work that ends: it reads each of its changes aloud,
 * which a table of live figures must not. */
export function Bar({ value, label }: Props) {
  const rounded = Math.round(value);
  return (
    <span className="bar">
      <Box variant="span" color="text-status-info">
        <meter min={0} max={100} value={rounded} aria-label={label} aria-valuetext={`${rounded} %`} />
      </Box>
      <Box variant="small" color="inherit">
        <span aria-hidden="true">{rounded}%</span>
      </Box>
    </span>
  );
}
