// The server's data is typed by its own OpenAPI document and nowhere else.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Worker = Schemas["WorkerView"];
export type WorkerList = Schemas["WorkerList"];
export type Fleet = Schemas["FleetView"];
export type Attention = Schemas["AttentionView"];
export type RegionStanding = Schemas["RegionView"];
export type Source = Schemas["SourceView"];
export type CMLSource = Schemas["CMLSourceView"];
export type Lab = Schemas["LabView"];
export type LabList = Schemas["LabList"];
export type License = Schemas["LicenseView"];
export type Operation = Schemas["OperationBody"];
export type WorkerEvent = Schemas["EventView"];
export type RefreshResult = Schemas["RefreshResult"];
export type SourceReport = Schemas["SourceReport"];
export type ImportResult = Schemas["ImportResult"];
export type Certificate = Schemas["CertificateView"];
export type Samples = Schemas["SamplesBody"];
export type SamplePoint = Schemas["SamplePoint"];
export type System = Schemas["SystemView"];
export type TokenRecord = Schemas["TokenRecord"];
export type UserRecord = Schemas["UserView"];
export type Limit = Schemas["TeamLimit"];
export type AuditEntry = Schemas["AuditEntry"];
export type SignInOptions = Schemas["SignInOptions"];
export type Me = Schemas["MeView"];
export type Problem = Schemas["Problem"];
