export { factorsQuery } from "./api/queries";
export { SecondFactorCard } from "./components/second-factor-card";
