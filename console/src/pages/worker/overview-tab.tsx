import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { useLocation } from "react-router-dom";

import type { Worker } from "../../api/types";
import { Labels } from "../../components/labels";
import { PageLink } from "../../components/page-link";
import { Age, Lasting, Moment } from "../../components/time";
import { Unknown } from "../../components/unknown";
import { money } from "../../format/figures";
import { useNow } from "../../hooks/use-now";
import { concernsOf, type Concern } from "./concerns";
import { cockpitOf, consoleUrl, sshLine } from "./links";
import { SourceLines } from "./source-lines";

function Copied({ text, name }: { text: string | null; name: string }) {
  if (text === null) return <Unknown reason="none" />;
  return (
    <CopyToClipboard
      variant="inline"
      textToCopy={text}
      copyButtonAriaLabel={`Copy ${name}`}
      copySuccessText="Copied"
      copyErrorText="Not copied"
    />
  );
}

function External({ href, children }: { href: string | null; children: ReactNode }) {
  if (href === null) return null;
  return (
    <Link href={href} external externalIconAriaLabel="Opens in a new tab">
      {children}
    </Link>
  );
}

const TAB_WORDS: Record<Concern["tab"], string> = { license: "See the licence", labs: "See the labs", metrics: "See the metrics" };

function Concerns({ worker }: { worker: Worker }) {
  const now = useNow();
  const { search } = useLocation();
  const addressOf = (tab: string) => {
    const parameters = new URLSearchParams(search);
    parameters.set("tab", tab);
    return `/workers/${encodeURIComponent(worker.id)}?${parameters.toString()}`;
  };
  return concernsOf(worker, now).map(({ words, tab }) => (
    <Alert key={tab} type="warning">
      {words} <PageLink to={addressOf(tab)}>{TAB_WORDS[tab]}</PageLink>
    </Alert>
  ));
}

export function OverviewTab({ worker }: { worker: Worker }) {
  const tags = Object.entries(worker.tags);
  return (
    <SpaceBetween size="l">
      {worker.health_reasons.map((reason) => (
        <Alert key={reason.code} type={worker.health === "unreachable" ? "error" : "warning"}>
          {reason.text} (since <Moment at={reason.since} />, <Age at={reason.since} />)
        </Alert>
      ))}
      <Concerns worker={worker} />
      {worker.scheduled_events.map((event) => (
        <Alert key={`${event.code}${event.not_before ?? ""}`} type="info" header={`AWS has scheduled ${event.code}`}>
          {event.description} <Moment at={event.not_before} />
        </Alert>
      ))}
      <SourceLines worker={worker} />
      <KeyValuePairs
        columns={4}
        items={[
          { label: "Instance", value: <Copied text={worker.instance_id} name="the instance id" /> },
          { label: "Type", value: worker.instance_type ?? <Unknown reason="not read yet" /> },
          { label: "Account and zone", value: `${worker.account_id}, ${worker.availability_zone ?? worker.region}` },
          { label: "Image", value: worker.ami_id ?? <Unknown reason="not read yet" /> },
          { label: "Status by EC2", value: worker.status_reason ?? worker.status },
          { label: "Launched", value: <Moment at={worker.launched_at} /> },
          { label: "Running for", value: <Running worker={worker} /> },
          {
            label: "EC2 checks",
            value:
              worker.ec2_checks === null ? (
                <Unknown reason="not read yet" />
              ) : (
                `system ${worker.ec2_checks.system}, instance ${worker.ec2_checks.instance}`
              ),
          },
          {
            label: worker.public_ip_is_elastic === true ? "Public address (elastic)" : "Public address",
            value: <Copied text={worker.public_ip} name="the public address" />,
          },
          { label: "Private address", value: <Copied text={worker.private_ip} name="the private address" /> },
          {
            label: "Cost per hour",
            value:
              worker.cost_per_hour_usd === null ? (
                <Unknown reason="no list price is known for this type" />
              ) : (
                money(worker.cost_per_hour_usd)
              ),
          },
          { label: "Role", value: worker.role },
          {
            label: "CML",
            value: worker.https_endpoint ?? <Unknown reason={worker.https_endpoint_reason ?? "no endpoint"} />,
          },
          {
            label: "Open",
            value: (
              <SpaceBetween size="xxs">
                <External href={worker.https_endpoint}>CML</External>
                <External href={consoleUrl(worker)}>EC2 console</External>
                <External href={cockpitOf(worker)}>Cockpit</External>
              </SpaceBetween>
            ),
          },
          { label: "Shell", value: <Copied text={sshLine(worker)} name="the ssh line" /> },
          { label: "Labels", value: <Labels labels={worker.labels} /> },
        ]}
      />
      {worker.note !== null && (
        <Box>
          <b>Note:</b> <span className="long">{worker.note}</span>
        </Box>
      )}
      <ExpandableSection headerText={`Tags (${tags.length})`}>
        <KeyValuePairs columns={4} items={tags.map(([label, value]) => ({ label, value: value || "–" }))} />
      </ExpandableSection>
    </SpaceBetween>
  );
}

function Running({ worker }: { worker: Worker }) {
  if (worker.status !== "running" || worker.launched_at === null) return <Unknown reason={`it is ${worker.status}`} />;
  return <Lasting since={Date.parse(worker.launched_at)} />;
}
