import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import SpaceBetween from "@cloudscape-design/components/space-between";

const COMMAND = "cmlfleet workers import --region us-east-1 --tag cmlfleet:managed=true";

/** No worker at all: how the first one comes in. */
export function EmptyFleet({ onImport, whyNot }: { onImport: () => void; whyNot: string | null }) {
  return (
    <Box textAlign="center" padding="l">
      <SpaceBetween size="m">
        <Box variant="h2">No workers yet</Box>
        <Box>
          Instances that carry the tag <Box variant="code">cmlfleet:managed=true</Box> are adopted by themselves within a
          minute. Others are imported by id or tag, here or with
        </Box>
        <CopyToClipboard
          variant="inline"
          textToCopy={COMMAND}
          copyButtonAriaLabel="Copy the command"
          copySuccessText="Copied"
          copyErrorText="Not copied"
        />
        <Button variant="primary" onClick={onImport} disabled={whyNot !== null} disabledReason={whyNot ?? undefined}>
          Import workers
        </Button>
      </SpaceBetween>
    </Box>
  );
}
