import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, ok, wordsOf } from "../../api/client";
import type { TokenRecord } from "../../api/types";
import { Moment } from "../../components/time";

const TOKENS = ["tokens"];
const ROLES = [
  { value: "viewer", label: "viewer: reads" },
  { value: "operator", label: "operator: also acts" },
  { value: "admin", label: "admin: also configures" },
];

export function TokensTable() {
  const client = useQueryClient();
  const { data, error, isPending } = useQuery({
    queryKey: TOKENS,
    queryFn: ({ signal }) => ok(api.GET("/api/v1/tokens", { signal })),
  });
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<TokenRecord | null>(null);
  const revoke = useMutation({
    mutationFn: (id: string) => ok(api.DELETE("/api/v1/tokens/{token_id}", { params: { path: { token_id: id } } })),
    onSettled: () => void client.invalidateQueries({ queryKey: TOKENS }),
    onSuccess: () => setRevoking(null),
  });
  const problem = error ?? revoke.error;
  return (
    <>
      {problem !== null && <Alert type="error">{wordsOf(problem)}</Alert>}
      <Table
        items={data?.items ?? []}
        trackBy="id"
        loading={isPending}
        loadingText="Reading the tokens"
        ariaLabels={{ tableLabel: "API tokens" }}
        header={
          <Header variant="h2" actions={<Button onClick={() => setMaking(true)}>Create a token</Button>}>
            API tokens
          </Header>
        }
        columnDefinitions={[
          { id: "name", header: "Name", cell: (token) => token.name, isRowHeader: true },
          { id: "role", header: "Role", cell: (token) => token.role },
          { id: "created", header: "Created", cell: (token) => <Moment at={token.created_at} /> },
          {
            id: "expires",
            header: "Expires",
            cell: (token) => (token.expires_at === null ? "never" : <Moment at={token.expires_at} />),
          },
          {
            id: "revoke",
            header: "Revoke",
            cell: (token) => (
              <Button variant="inline-link" ariaLabel={`Revoke ${token.name}`} onClick={() => setRevoking(token)}>
                Revoke
              </Button>
            ),
          },
        ]}
        empty="No tokens but the configured one"
      />
      {making && <NewTokenModal onClose={() => setMaking(false)} />}
      {revoking !== null && (
        <Modal
          visible
          header={`Revoke ${revoking.name}?`}
          closeAriaLabel="Close"
          onDismiss={() => setRevoking(null)}
          footer={
            <Box float="right">
              <SpaceBetween direction="horizontal" size="xs">
                <Button variant="link" onClick={() => setRevoking(null)}>
                  Cancel
                </Button>
                <Button variant="primary" loading={revoke.isPending} onClick={() => revoke.mutate(revoking.id)}>
                  Revoke
                </Button>
              </SpaceBetween>
            </Box>
          }
        >
          It stops working at once, and so do the sessions that were opened with it.
        </Modal>
      )}
    </>
  );
}

function NewTokenModal({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [role, setRole] = useState(ROLES[0]);
  const make = useMutation({
    mutationFn: () => ok(api.POST("/api/v1/tokens", { body: { name, role: role?.value ?? "viewer" } })),
    onSuccess: () => void client.invalidateQueries({ queryKey: TOKENS }),
  });
  return (
    <Modal
      visible
      header="Create a token"
      closeAriaLabel="Close"
      onDismiss={onClose}
      footer={
        <Box float="right">
          {make.data === undefined ? (
            <Button
              variant="primary"
              loading={make.isPending}
              disabled={name.trim() === ""}
              disabledReason="It needs a name"
              onClick={() => make.mutate()}
            >
              Create
            </Button>
          ) : (
            <Button variant="primary" onClick={onClose}>
              Done
            </Button>
          )}
        </Box>
      }
    >
      <SpaceBetween size="m">
        {make.error !== null && <Alert type="error">{wordsOf(make.error)}</Alert>}
        {make.data === undefined ? (
          <>
            <FormField label="Name" description="Shown with everything that is done with it.">
              <Input value={name} onChange={({ detail }) => setName(detail.value)} />
            </FormField>
            <FormField label="Role">
              <Select
                selectedOption={role ?? null}
                options={ROLES}
                onChange={({ detail }) => setRole(ROLES.find(({ value }) => value === detail.selectedOption.value))}
              />
            </FormField>
          </>
        ) : (
          <Alert type="success" header="It is shown this once">
            <CopyToClipboard
              variant="inline"
              textToCopy={make.data.token}
              copyButtonAriaLabel="Copy the token"
              copySuccessText="Copied"
              copyErrorText="Not copied"
            />
          </Alert>
        )}
      </SpaceBetween>
    </Modal>
  );
}
