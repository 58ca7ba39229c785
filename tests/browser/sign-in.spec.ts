import { expect, lookAt, signIn, test } from "./support/fixtures";
import { CLIENT, isInstalled, withProvider } from "./support/openid";
import { freePort, scene, TOKEN } from "./support/product";

test("who is not signed in is asked for a token on the very page that was asked for", async ({ page, team }) => {
  await page.goto("/labs?q=bgp");
  await expect(page).toHaveTitle("Sign in · cmlfleet");
  await lookAt(page, "sign-in");
  const token = page.getByLabel("API token");
  await token.fill("not-a-token");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("This token is not known, was revoked or has expired.")).toBeVisible();
  const { token: made } = await team.service.token("viewer");
  await token.fill(` ${made} `);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "a viewer" })).toBeVisible();
  await expect(page).toHaveURL(/\/labs\?q=bgp$/);
});

test("signing out ends the session in the service too", async ({ page, team }) => {
  await signIn(page, team.service.url, TOKEN);
  await page.goto("/");
  const cookies = await page.context().cookies();
  expect(cookies).toMatchObject([{ name: "cmlfleet_session", httpOnly: true, sameSite: "Strict" }]);
  await page.getByRole("button", { name: "bootstrap" }).click();
  await page.getByRole("menuitem", { name: "Sign out", exact: true }).click();
  await expect(page.getByLabel("API token")).toBeVisible();
  await page.context().addCookies(cookies);
  expect((await page.context().request.get("/api/v1/me")).status()).toBe(401);
});

test("nothing breaks the content security policy, and nothing is asked of another host", async ({ page, team }) => {
  const complaints: string[] = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    if (!request.url().startsWith(team.service.url) && !request.url().startsWith("data:")) complaints.push(request.url());
  });
  await signIn(page, team.service.url, TOKEN);
  const answer = await page.goto("/");
  expect(answer?.headers()["content-security-policy"]).toContain("script-src 'self'");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  expect(complaints).toEqual([]);
});

test("by an OpenID provider, back to the page that was asked for, and out at the provider too", async ({ browser }) => {
  test.skip(!isInstalled, "needs `make test`'s tools");
  const [port, providerPort] = [await freePort(), await freePort()];
  const issuer = `http://127.0.0.1:${providerPort}`;
  const settings = {
    oidc_issuer: issuer,
    oidc_client_id: CLIENT.id,
    oidc_client_secret: CLIENT.secret,
    oidc_role_map: "cml-admins=admin,cml-operators=operator",
  };
  await withProvider(providerPort, `http://127.0.0.1:${port}/api/v1/session/openid/callback`, () =>
    scene({ simulated: ["--workers", "1"], settings, port }, async ({ service }) => {
      const page = await (await browser.newContext({ baseURL: service.url })).newPage();
      await page.goto("/labs?q=bgp");
      await lookAt(page, "sign-in-openid", { quick: true });
      await page.getByRole("link", { name: "Sign in with OpenID" }).click();
      await page.getByRole("link", { name: "Cancel" }).click();
      await expect(page.getByText("you gave up there, or it does not let you use cmlfleet")).toBeVisible();
      await lookAt(page, "sign-in-refused", { quick: true });
      await page.reload();
      await expect(page.getByRole("link", { name: "Sign in with OpenID" })).toBeVisible();
      await expect(page.getByText("Not signed in")).toBeHidden();
      await page.getByRole("link", { name: "Sign in with OpenID" }).click();
      await page.getByPlaceholder("Enter any login").fill("bob");
      await page.getByPlaceholder("and password").fill("any");
      await page.getByRole("button", { name: "Sign-in" }).click();
      await page.getByRole("button", { name: "Continue" }).click();
      await expect(page).toHaveURL(/\/labs\?q=bgp$/);
      await page.getByRole("button", { name: "bob" }).click();
      await expect(page.getByRole("menuitem", { name: "Change your password" })).toBeHidden();
      await page.getByRole("menuitem", { name: "Sign out", exact: true }).click();
      await expect(page).toHaveURL(new RegExp(`^${issuer}/session/end`));
      await page.context().close();
    }),
  );
});
