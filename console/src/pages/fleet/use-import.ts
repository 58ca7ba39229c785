import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, ok } from "../../api/client";
import { counted } from "../../format/figures";
import { useNotices } from "../../hooks/use-notices";
import type { ImportBody } from "./import-form";

const send = (body: ImportBody) => ok(api.POST("/api/v1/workers/import", { body }));

/** First what would be adopted, then the adoption itself. */
export function useImport(onDone: () => void) {
  const client = useQueryClient();
  const { tell } = useNotices();
  const preview = useMutation({ mutationFn: (body: ImportBody) => send({ ...body, dry_run: true }) });
  const adopt = useMutation({
    mutationFn: send,
    onSuccess: ({ imported }) => {
      tell({
        type: "success",
        header: `${counted(imported.length, "worker")} imported`,
        content: "Each is being read for the first time now; that goes on when this page is closed.",
      });
      void client.invalidateQueries({ queryKey: ["operations"] });
      void client.invalidateQueries({ queryKey: ["workers"] });
      void client.invalidateQueries({ queryKey: ["fleet"] });
      onDone();
    },
  });
  return { preview, adopt };
}
