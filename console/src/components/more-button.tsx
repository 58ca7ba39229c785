import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";

interface Props {
  hasMore: boolean;
  busy: boolean;
  onMore: () => void;
}

/** The way on in a list that is read page by page. */
export function MoreButton({ hasMore, busy, onMore }: Props) {
  if (!hasMore) return null;
  return (
    <Box textAlign="center">
      <Button onClick={onMore} loading={busy}>
        Show more
      </Button>
    </Box>
  );
}
