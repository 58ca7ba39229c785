// A real OpenID provider for tests: panva's oidc-provider, in memory, on a port of this machine.
// Usage: node provider.mjs PORT KEY_ID REDIRECT_URI; prints "ready" once it answers.
import { generateKeyPairSync } from "node:crypto";
import Provider from "oidc-provider";

const [port, keyId, redirectUri] = process.argv.slice(2);
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const groupsOf = { ann: ["cml-admins"], bob: ["cml-operators", "others"], eve: ["others"] };
const teamsOf = { bob: ["blue"] };

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "cmlfleet",
      client_secret: "the-secret-of-cmlfleet",
      redirect_uris: [redirectUri],
      response_types: ["code"],
      grant_types: ["authorization_code"],
    },
  ],
  claims: { openid: ["sub", "groups", "teams"], profile: ["preferred_username"] },
  conformIdTokenClaims: false,
  cookies: { keys: ["only for tests"] },
  features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
  findAccount: async (_, id) => ({
    accountId: id,
    claims: async () => ({
      sub: id,
      preferred_username: id,
      groups: groupsOf[id] ?? [],
      teams: teamsOf[id] ?? [],
    }),
  }),
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: keyId, use: "sig", alg: "RS256" }] },
  pkce: { required: () => true },
});

provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
