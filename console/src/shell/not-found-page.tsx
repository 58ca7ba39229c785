import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import { useLocation } from "react-router-dom";

import { PageLink } from "../components/page-link";
import { useTitle } from "../hooks/use-title";

export function NotFoundPage() {
  const { pathname } = useLocation();
  useTitle("Not found");
  return (
    <ContentLayout header={<Header variant="h1">There is no such page</Header>}>
      Nothing is at {pathname}. <PageLink to="/">To the fleet</PageLink>
    </ContentLayout>
  );
}
