import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { createQueryClient } from "@/api/queries";
import { FeaturesProvider } from "@/features/collected";
import { FEATURES } from "./features";
import { router } from "./router";

const queryClient = createQueryClient();

export function App() {
  return (
    <QueryClientProvider client={queryClient}>
      <FeaturesProvider value={FEATURES}>
        <RouterProvider router={router} />
      </FeaturesProvider>
    </QueryClientProvider>
  );
}
