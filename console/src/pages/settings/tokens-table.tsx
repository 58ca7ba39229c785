import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, ok, wordsOf } from "../../api/client";
import type { TokenRecord } from "../../api/types";
import { ActionModal } from "../../components/action-modal";
import { limitWords } from "../../components/limit-form";
import { TableOrCards } from "../../components/table-or-cards";
import { Age, Moment } from "../../components/time";
import { NewTokenModal } from "./new-token-modal";

const TOKENS = ["tokens"];

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
  return (
    <>
      {error !== null && <Alert type="error">{wordsOf(error)}</Alert>}
      <TableOrCards
        label="API tokens"
        items={data?.items ?? []}
        trackBy="id"
        loading={isPending}
        loadingText="Reading the tokens"
        header={
          <Header variant="h2" actions={<Button onClick={() => setMaking(true)}>Create a token</Button>}>
            API tokens
          </Header>
        }
        columns={[
          { id: "name", header: "Name", cell: (token) => token.name, isRowHeader: true },
          { id: "role", header: "Role", cell: (token) => token.role },
          { id: "limit", header: "Sees", cell: (token) => limitWords(token.limit) },
          { id: "created", header: "Created", cell: (token) => <Moment at={token.created_at} /> },
          {
            id: "expires",
            header: "Expires",
            cell: (token) => (token.expires_at === null ? "never" : <Moment at={token.expires_at} />),
          },
          {
            id: "used",
            header: "Last used",
            cell: (token) => (token.last_used_at === null ? "never" : <Age at={token.last_used_at} />),
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
      {making && (
        <NewTokenModal
          onMade={() => void client.invalidateQueries({ queryKey: TOKENS })}
          onClose={() => setMaking(false)}
        />
      )}
      {revoking !== null && (
        <ActionModal
          header={`Revoke ${revoking.name}?`}
          action="Revoke"
          busy={revoke.isPending}
          error={revoke.error}
          onAction={() => revoke.mutate(revoking.id)}
          onClose={() => setRevoking(null)}
        >
          It stops working at once, and so do the sessions that were opened with it.
        </ActionModal>
      )}
    </>
  );
}
