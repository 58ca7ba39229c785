import { expect, lookAt, test } from "./support/fixtures";

const PAGES = ["labs", "activity", "operations", "settings", "users", "audit", "system", "nowhere"];
const TABS = ["overview", "cml", "labs", "license", "metrics", "activity"];

test("the fleet, in both themes and on a phone, has nothing serious to mend", async ({ signedIn, team }) => {
  await team.service.call("POST", "/workers/refresh", {});
  await signedIn.goto("/");
  await expect(signedIn.getByRole("link", { name: "bgp-class-1" })).toBeVisible();
  await lookAt(signedIn, "fleet");
});

for (const path of PAGES) {
  test(`the page ${path}, in both themes and on a phone, has nothing serious to mend`, async ({ signedIn }) => {
    await signedIn.goto(`/${path}`);
    await expect(signedIn.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(signedIn.getByText(/^Reading/)).toHaveCount(0);
    await lookAt(signedIn, path);
  });
}

for (const tab of TABS) {
  test(`a worker's tab ${tab}, in both themes and on a phone, has nothing serious to mend`, async ({ signedIn, team }) => {
    await signedIn.goto(`/workers/${await team.service.workerId("bgp-class-1")}?tab=${tab}`);
    await expect(signedIn.getByRole("tabpanel")).not.toHaveText(/^(Loading)?$/);
    await lookAt(signedIn, `worker-${tab}`);
  });
}
