import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import type { ReactNode } from "react";

import type { Fleet } from "../../api/types";
import { PageLink } from "../../components/page-link";
import { Unknown } from "../../components/unknown";
import { count, counted, money } from "../../format/figures";
import { attentionCount, NEEDS_ATTENTION } from "../../hooks/use-fleet";

function Number({ children, to, onShow }: { children: ReactNode; to?: string; onShow?: () => void }) {
  return (
    <Box fontSize="heading-xl" fontWeight="bold">
      {to === undefined ? (
        children
      ) : (
        <PageLink to={to} onFollow={onShow}>
          {children}
        </PageLink>
      )}
    </Box>
  );
}

function Small({ children }: { children: ReactNode }) {
  return (
    <Box color="text-body-secondary" fontSize="body-s">
      {children}
    </Box>
  );
}

const OFF = ["stopping", "stopped", "shutting-down", "terminated", "missing"];

/** The whole fleet at a glance; a dash until it was read, so that nothing jumps. */
export function Tiles({ fleet, onShow }: { fleet: Fleet | undefined; onShow: () => void }) {
  const idle = fleet?.attention.find(({ reason }) => reason === "idle");
  const dash = <Unknown reason="not read yet" />;
  const tiles = [
    {
      label: "Running",
      value: (
        <>
          <Number to="/?status=running" onShow={onShow}>
            {fleet ? count(fleet.workers.by_status.running ?? 0) : dash}
          </Number>
          <Small>{fleet ? `of ${counted(fleet.workers.total, "worker")}` : " "}</Small>
        </>
      ),
    },
    {
      label: "Ready",
      value: (
        <>
          <Number to="/?health=ready" onShow={onShow}>
            {fleet ? count(fleet.workers.by_health.ready ?? 0) : dash}
          </Number>
          <Small>{fleet?.workers.by_health.booting ? `${count(fleet.workers.by_health.booting)} booting` : " "}</Small>
        </>
      ),
    },
    {
      label: "Need attention",
      value: (
        <>
          <Number to={`/?health=${NEEDS_ATTENTION.join("%2C")}`} onShow={onShow}>
            {fleet ? count(attentionCount(fleet)) : dash}
          </Number>
          <Small> </Small>
        </>
      ),
    },
    {
      label: "Off",
      value: (
        <>
          <Number to={`/?status=${OFF.join("%2C")}`} onShow={onShow}>
            {fleet ? count(fleet.workers.by_health.off ?? 0) : dash}
          </Number>
          <Small> </Small>
        </>
      ),
    },
    {
      label: "Labs running",
      value: (
        <>
          <Number to="/labs">{fleet ? count(fleet.labs.running) : dash}</Number>
          <Small>{fleet ? `of ${count(fleet.labs.total)}, ${counted(fleet.nodes_running, "node")}` : " "}</Small>
        </>
      ),
    },
    {
      label: "Cost per hour",
      value: (
        <>
          <Number>
            {fleet?.cost_per_hour_usd == null ? <Unknown reason="no price is known" /> : money(fleet.cost_per_hour_usd)}
          </Number>
          <Small>
            {fleet?.idle_cost_per_hour_usd && idle ? (
              <PageLink to={`/?${idle.query}`} fontSize="body-s" onFollow={onShow}>
                {money(fleet.idle_cost_per_hour_usd)} of it idle
              </PageLink>
            ) : (
              " "
            )}
          </Small>
        </>
      ),
    },
  ];
  return (
    <Container>
      <ColumnLayout columns={6} minColumnWidth={120} variant="text-grid">
        {tiles.map(({ label, value }) => (
          <div key={label}>
            <Box variant="awsui-key-label">{label}</Box>
            {value}
          </div>
        ))}
      </ColumnLayout>
    </Container>
  );
}
