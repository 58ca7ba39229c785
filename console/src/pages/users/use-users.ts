import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { api, ok } from "../../api/client";
import type { components } from "../../api/schema";

export type NewUser = components["schemas"]["UserBody"];
export type UserChange = components["schemas"]["UserChangeBody"];

const USERS = ["users"];

/** Who signs in with a password of our own, and what an administrator does with them. */
export function useUsers() {
  const client = useQueryClient();
  const onSettled = () => void client.invalidateQueries({ queryKey: USERS });
  const list = useQuery({ queryKey: USERS, queryFn: ({ signal }) => ok(api.GET("/api/v1/users", { signal })) });
  const create = useMutation({
    mutationFn: (body: NewUser) => ok(api.POST("/api/v1/users", { body })),
    onSettled,
  });
  const update = useMutation({
    mutationFn: ({ id, change }: { id: string; change: UserChange }) =>
      ok(api.PATCH("/api/v1/users/{user_id}", { params: { path: { user_id: id } }, body: change })),
    onSettled,
  });
  return { list, create, update };
}
