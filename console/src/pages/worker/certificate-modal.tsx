import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";

import { wordsOf } from "../../api/client";
import type { Worker } from "../../api/types";
import { Moment } from "../../components/time";
import { Unknown } from "../../components/unknown";
import { useWhyNot } from "../../hooks/use-why-not";
import { fingerprintWords } from "./fingerprint";
import { useCertificate, type WorkerActions } from "./use-worker";

interface Props {
  worker: Worker;
  actions: WorkerActions;
  onClose: () => void;
}

function Fingerprint({ text }: { text: string | null }) {
  if (text === null) return <Unknown reason="none was seen" />;
  return (
    <Box variant="code">
      <span className="long">{fingerprintWords(text)}</span>
    </Box>
  );
}

/** Both fingerprints, one above the other, as `openssl x509 -fingerprint -sha256` prints them. */
export function CertificateModal({ worker, actions, onClose }: Props) {
  const { data, error } = useCertificate(worker);
  const whyNot = useWhyNot("operator");
  const { accept } = actions;
  const presented = data?.presented ?? null;
  const close = () => {
    accept.reset();
    onClose();
  };
  return (
    <Modal
      visible
      size="large"
      onDismiss={close}
      closeAriaLabel="Close"
      header={`Certificate of ${worker.name}`}
      footer={
        data?.changed === true && (
          <Box float="right">
            <SpaceBetween direction="horizontal" size="xs">
              <Button variant="link" onClick={close}>
                Cancel
              </Button>
              <Button
                variant="primary"
                loading={accept.isPending}
                disabled={presented === null || whyNot !== null}
                disabledReason={whyNot ?? undefined}
                onClick={() => presented !== null && accept.mutate(presented, { onSuccess: close })}
              >
                Accept the presented certificate
              </Button>
            </SpaceBetween>
          </Box>
        )
      }
    >
      <SpaceBetween size="m">
        {(error ?? accept.error) !== null && <Alert type="error">{wordsOf(error ?? accept.error)}</Alert>}
        {data?.changed === true && (
          <Alert type="warning" header="The certificate is another one than before">
            It may have been renewed, or somebody is in between. Compare the fingerprint on the host itself (
            <Box variant="code">openssl x509 -noout -fingerprint -sha256</Box>) before you accept it. Until then nothing
            secret is sent.
          </Alert>
        )}
        <KeyValuePairs
          columns={1}
          items={[
            { label: "Accepted (SHA-256)", value: <Fingerprint text={data?.pinned ?? null} /> },
            { label: "Presented (SHA-256)", value: <Fingerprint text={presented} /> },
            { label: "Accepted since", value: <Moment at={data?.pinned_at} /> },
          ]}
        />
      </SpaceBetween>
    </Modal>
  );
}
